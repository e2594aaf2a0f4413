#!/usr/bin/env python3
"""What keys that the compiler checks cost: compiles one program of 50 keys twice, with
tenon/static.hpp and without it, and prints the difference.

    bench/static_keys.py [--keys 50] [--rounds 9] [--compilers g++ clang++] [--write]

The program makes a dataset of that many keys, renames one, drops one, selects, scales and batches,
and trains a model that has all but three of them as inputs. Both twins do the same; only the typed
one says it in types. Compilers run in turn, one at a time, with nothing but a check of the syntax
(-fsyntax-only: templates are worked out, no code is made) and once more with -O2. A figure is the
difference of the medians of the user time. --write puts the result into bench/RESULTS.md.
"""
import argparse
import datetime
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "RESULTS.md"
LIMIT = 0.3
TITLE = "## Static keys: what they cost the compiler"


def program(keys, typed):
    """The typed program, or its untyped twin."""
    names = [f"channel_{i:02}_image" for i in range(keys - 3)]
    before = ["raw_image", *names[1:], "label", "extra", "unused"]
    quoted = ", ".join(f'"{name}"' for name in [*names, "label"])
    if not typed:
        return f"""#include "tenon/tenon.hpp"
tenon::History train(tenon::Model model, const tenon::Dataset& data) {{
  const auto prepared = data.rename({{{{"raw_image", "{names[0]}"}}}})
                            .drop({{"extra"}})
                            .select({{{quoted}}})
                            .scale({{"{names[0]}"}}, 1.0 / 255.0)
                            .shuffle(100)
                            .batch(32);
  model.evaluate(prepared);
  return model.fit(prepared, {{.epochs = 2}});
}}
"""
    declared = "\n".join(f"TENON_KEY({name});" for name in sorted(set(before + names)))
    return f"""#include "tenon/static.hpp"
#include "tenon/tenon.hpp"
{declared}
using Inputs = tenon::typed::Inputs<{", ".join(names)}>;
using TheModel = tenon::typed::Model<Inputs, tenon::typed::Outputs<label>>;
tenon::History train(tenon::Model untyped, const tenon::Dataset& data) {{
  const auto prepared = tenon::typed::Dataset<{", ".join(before)}>(data)
                            .rename<raw_image, {names[0]}>()
                            .drop<extra>()
                            .select<{", ".join([*names, "label"])}>()
                            .scale<{names[0]}>(1.0 / 255.0)
                            .shuffle(100)
                            .batch(32);
  TheModel model(untyped);
  model.evaluate(prepared);
  return model.fit(prepared, {{.epochs = 2}});
}}
"""


def user_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr[:4000]}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def measure(compiler, flags, files, rounds):
    """Medians of both twins; one round of each is thrown away."""
    times = {name: [] for name in files}
    for round_number in range(rounds + 1):
        for name, file in files.items():
            command = [compiler, "-std=c++20", *flags, "-I" + str(ROOT / "include"), str(file)]
            taken = user_seconds(command)
            if round_number > 0:
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}, times


def version(compiler):
    return subprocess.run([compiler, "--version"], capture_output=True, text=True,
                          check=True).stdout.splitlines()[0]


def table(arguments, folder):
    lines = ["| compiler | flags | without, s | with, s | difference, s (limit 0.3) | least of each, difference |",
             "| --- | --- | --- | --- | --- | --- |"]
    files = {}
    for name, typed in (("without", False), ("with", True)):
        files[name] = pathlib.Path(folder) / f"{name}.cpp"
        files[name].write_text(program(arguments.keys, typed), encoding="utf-8")
    worst = 0.0
    for compiler in arguments.compilers:
        if shutil.which(compiler) is None:
            print(f"static_keys: {compiler} is not installed", file=sys.stderr)
            continue
        for flags in (["-fsyntax-only"], ["-O2", "-c", "-o", os.devnull]):
            medians, times = measure(compiler, flags, files, arguments.rounds)
            difference = medians["with"] - medians["without"]
            least = min(times["with"]) - min(times["without"])
            worst = max(worst, difference)
            lines.append(f"| {version(compiler)} | `{' '.join(flags[:1])}` | {medians['without']:.2f} "
                         f"| {medians['with']:.2f} | {difference:.2f} | {least:.2f} |")
    return lines, worst


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores"
    except OSError:
        pass
    return platform.processor()


def write_section(lines, arguments):
    words = [word for word in sys.argv[1:] if word != "--write"]
    command = " ".join(["bench/static_keys.py", *words])
    section = "\n".join([TITLE, "", f"`{command}`, {datetime.date.today()}, {processor()}", "", *lines])
    text = RESULTS.read_text(encoding="utf-8")
    before, _, rest = text.partition(TITLE)
    after = rest[rest.index("\n## ") + 1:] if "\n## " in rest else ""
    parts = [before.rstrip(), section.rstrip(), after.rstrip()]
    RESULTS.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--compilers", nargs="+", default=["g++", "clang++"])
    parser.add_argument("--write", action="store_true", help="put the result into RESULTS.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, worst = table(arguments, folder)
    lines += ["", f"{arguments.keys} keys; user time, median of {arguments.rounds} runs of each in turn. The typed "
              "program includes the header, declares the keys as types, and goes through rename, drop, select, scale, "
              "shuffle, batch, evaluate and fit; its twin does the same untyped."]
    print("\n".join(lines))
    if arguments.write:
        write_section(lines, arguments)
    return 1 if worst >= LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
