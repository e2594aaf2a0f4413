#!/usr/bin/env python3
"""Holds docs/ARCHITECTURE.md true: which room includes which.

Reads the table "Rooms" (room, may include, public headers) and the table "Libraries" (header, rooms),
then every #include in src/ and include/. Fails on an edge that is not in the tables, on a public
header or a room that the tables do not know, and on a third-party header in include/.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAP = ROOT / "docs" / "ARCHITECTURE.md"
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
STANDARD = set("""
algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts
condition_variable coroutine deque exception execution filesystem format forward_list fstream
functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges
ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
stop_token streambuf string string_view syncstream system_error thread tuple type_traits typeindex
typeinfo unordered_map unordered_set utility valarray variant vector version
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef
cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
""".split())
SYSTEM = ("sys/", "spawn.h", "unistd.h", "malloc.h", "fcntl.h", "signal.h", "immintrin.h", "dirent.h", "pthread.h",
          "sched.h", "poll.h", "glob.h", "locale.h", "langinfo.h", "xlocale.h", "cpuid.h", "pwd.h", "termios.h")


GENERATOR = ROOT / "tests" / "mutation" / "generator"
GENERATOR_ROOMS = {"core", "graph", "io/readers", "surface"}


def rows_of(text, title):
    """The cells of the table under the heading `title`, without its two head lines."""
    section = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not section:
        sys.exit(f'check_layers: {MAP} has no section "## {title}"')
    lines = [line for line in section.group(1).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def read_map():
    text = MAP.read_text(encoding="utf-8")
    doors, owner = {}, {}
    for cells in rows_of(text, "Rooms"):
        room = QUOTED.findall(cells[0])[0]
        doors[room] = set(QUOTED.findall(cells[2])) | {room}
        for header in QUOTED.findall(cells[3]):
            owner[header] = room
    libraries = {}
    for cells in rows_of(text, "Libraries"):
        for header in QUOTED.findall(cells[0]):
            libraries[header] = set(QUOTED.findall(cells[1]))
    for room, open_to in doors.items():
        for target in open_to - set(doors):
            sys.exit(f'check_layers: the row of "{room}" names the room "{target}", which has no row')
    return doors, owner, libraries


def room_of(path, rooms):
    """The room whose folder holds `path` (relative to src/); the longest name wins."""
    fitting = [room for room in rooms if path.startswith(room + "/")]
    return max(fitting, key=len, default=None)


class Checker:
    def __init__(self):
        self.doors, self.owner, self.libraries = read_map()
        self.problems = []

    def note(self, file, line, text):
        self.problems.append(f"{file.relative_to(ROOT)}:{line}: {text}")

    def check_edge(self, file, line, room, name):
        if name.startswith("tenon/"):
            target = self.owner.get(name.removeprefix("tenon/"))
            if target is None:
                self.note(file, line, f'the public header "{name}" is in no row of the table of rooms')
                return
        else:
            target = room_of(name, self.doors)
            if target is None:
                self.note(file, line, f'"{name}" lies in no room')
                return
        if target not in self.doors[room]:
            self.note(file, line, f'room {room} may not include "{name}" of room {target}')

    def check_library(self, file, line, room, name):
        if name in STANDARD or name.startswith(SYSTEM):
            return
        for prefix, rooms in self.libraries.items():
            if name.startswith(prefix):
                if room not in rooms and "every room" not in rooms:
                    self.note(file, line, f"room {room} may not include <{name}>")
                return
        self.note(file, line, f"<{name}> is in no row of the table of libraries")

    def check_file(self, file, room, public):
        text = file.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            kind, name = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            if kind == '"':
                if public and not name.startswith("tenon/"):
                    self.note(file, line, f'a public header includes "{name}", which is not public')
                else:
                    self.check_edge(file, line, room, name)
            elif public and name not in STANDARD:
                self.note(file, line, f"<{name}> of another library in a public header")
            elif not public:
                self.check_library(file, line, room, name)

    def check_generator(self):
        own = {file.name for file in GENERATOR.glob("*.hpp")}
        for file in sorted(GENERATOR.rglob("*.[ch]pp")):
            text = file.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                kind, name = match.groups()
                line = text.count("\n", 0, match.start()) + 1
                public = self.owner.get(name.removeprefix("tenon/")) if name.startswith("tenon/") else None
                room = public or room_of(name, self.doors)
                fits = name in STANDARD if kind == "<" else name in own or room in GENERATOR_ROOMS
                if not fits:
                    self.note(file, line, f'the generator of mutations may not include "{name}"')

    def check_all(self):
        self.check_generator()
        for file in sorted((ROOT / "src").rglob("*.[ch]pp")):
            room = room_of(file.relative_to(ROOT / "src").as_posix(), self.doors)
            if room is None:
                self.note(file, 1, "lies in no room of docs/ARCHITECTURE.md")
                continue
            self.check_file(file, room, public=False)
        for file in sorted((ROOT / "include").rglob("*.hpp")):
            name = file.relative_to(ROOT / "include" / "tenon").as_posix()
            if name not in self.owner:
                self.note(file, 1, "is in no row of the table of rooms")
                continue
            self.check_file(file, self.owner[name], public=True)
        for name in self.owner:
            if not (ROOT / "include" / "tenon" / name).exists():
                self.note(MAP, 1, f"names the public header {name}, which does not exist")
        return self.problems


def main():
    problems = Checker().check_all()
    for problem in problems:
        print(problem)
    print(f"check_layers: {len(problems)} wrong edges" if problems else "check_layers: all doors hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
