#!/usr/bin/env python3
"""Holds the budgets of docs/ARCHITECTURE.md.

  files       at most 600 lines
  functions   at most 80 lines; nine of ten of the library's under 30
  headers     every public header compiles alone; none includes too much: tenon/tenon.hpp costs
              under 1.5 s of the compiler's user time, best of three
Raising one is a commit of its own, with the reason.
"""

import concurrent.futures
import os
import pathlib
import re
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_CAP = 600
FUNCTION_CAP = 80
SMALL_FUNCTION = 30
SMALL_SHARE = 0.9
TENON_HPP_SECONDS = 1.5
COMPILER = os.environ.get("CXX", "g++")
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion",
         "-Werror", "-I" + str(ROOT / "include"), "-x", "c++"]
SOURCES = ("src", "include", "tests", "examples", "bench")

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    r'|^[ \t]*#(?:\\\n|[^\n])*', re.DOTALL | re.MULTILINE)
NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|concept|extern)\b(?![^()]*\()")


def without_text(source):
    """The source with comments, literals and directives blanked, line by line as before."""
    def blank(match):
        text = match.group(0)
        # A digit separator (1'000) is no literal.
        if text.startswith("'") and source[match.start() - 1:match.start()].isalnum():
            return text.replace("'", " ")
        return re.sub(r"[^\n]", " ", text)
    return TOKEN.sub(blank, source)


def functions_of(source):
    """(first line, number of lines, heading) of each outermost function body; lambdas count to it."""
    text = without_text(source)
    found, heading_start, depth_of_function, depth, start = [], 0, None, 0, 0
    for position, character in enumerate(text):
        if character == "{":
            heading = text[heading_start:position]
            if depth_of_function is None and opens_function(heading):
                depth_of_function = depth
                start = heading_start + len(heading) - len(heading.lstrip())
            depth += 1
            if depth_of_function is None:
                heading_start = position + 1
        elif character == "}":
            depth -= 1
            if depth_of_function == depth:
                first = text.count("\n", 0, start) + 1
                last = text.count("\n", 0, position) + 1
                found.append((first, last - first + 1, " ".join(text[start:position].split())[:60]))
                depth_of_function = None
            if depth_of_function is None:
                heading_start = position + 1
        elif character == ";" and depth_of_function is None and balanced(text[heading_start:position]):
            heading_start = position + 1
    return found


def balanced(text):
    return text.count("(") == text.count(")")


def opens_function(heading):
    """True if `heading {` begins a function's body (or a braced member of its initialiser list,
    which then counts as the function, too)."""
    heading = heading.strip()
    if "(" not in heading or not balanced(heading) or NOT_A_FUNCTION.search(heading):
        return False
    before_parameters = heading.split("(", 1)[0]
    return "=" not in before_parameters.replace("operator=", "").replace("operator==", "")


def project_files():
    for folder in SOURCES:
        yield from sorted((ROOT / folder).rglob("*.[ch]pp"))


def check_sizes(problems):
    lengths = []
    for file in project_files():
        source = file.read_text(encoding="utf-8")
        name = file.relative_to(ROOT)
        lines = source.count("\n")
        if lines > FILE_CAP:
            problems.append(f"{name}: {lines} lines; at most {FILE_CAP}")
        for line, length, heading in functions_of(source):
            if length > FUNCTION_CAP:
                problems.append(f"{name}:{line}: {length} lines; at most {FUNCTION_CAP}: {heading}")
            if name.parts[0] in ("src", "include"):
                lengths.append(length)
    small = sum(length < SMALL_FUNCTION for length in lengths)
    share = small / len(lengths) if lengths else 1.0
    print(f"check_budgets: {len(lengths)} functions of the library, {share:.1%} under {SMALL_FUNCTION} lines")
    if share < SMALL_SHARE:
        problems.append(f"{share:.1%} of the functions have under {SMALL_FUNCTION} lines; {SMALL_SHARE:.0%} must")


def compile_text(text):
    """(user seconds, what the compiler said; empty if it took it)."""
    result = subprocess.run([COMPILER, *FLAGS, "-"], input=text, text=True, capture_output=True, check=False)
    return result.stderr if result.returncode else ""


def check_headers(problems):
    headers = sorted((ROOT / "include").rglob("*.hpp"))
    names = [header.relative_to(ROOT / "include").as_posix() for header in headers]
    with concurrent.futures.ThreadPoolExecutor(max_workers=int(os.environ.get("TENON_JOBS", "2"))) as pool:
        for name, errors in zip(names, pool.map(compile_text, [f'#include "{name}"\n' for name in names])):
            if errors:
                problems.append(f"include/{name} does not compile alone:\n{errors}")


def user_seconds(text):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    compile_text(text)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def check_cost(problems):
    best = min(user_seconds('#include "tenon/tenon.hpp"\n') for _ in range(3))
    print(f"check_budgets: including tenon/tenon.hpp costs {best:.2f} s")
    if best >= TENON_HPP_SECONDS:
        problems.append(f"including tenon/tenon.hpp costs {best:.2f} s; under {TENON_HPP_SECONDS} s it must be")


def main():
    problems = []
    check_sizes(problems)
    check_headers(problems)
    check_cost(problems)
    for problem in problems:
        print(problem)
    print(f"check_budgets: {len(problems)} over" if problems else "check_budgets: all hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
