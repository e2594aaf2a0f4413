#!/usr/bin/env python3
"""Measures training steps of Tenon beside its peers, in alternating blocks of one run.

    ./run bench [MODELS…] [--with-torch] [--rounds N] [--threads N] [--precision float32|mixed_bfloat16]

Only ratios of one run mean something: all contenders run on the same machine, one block after the
other, and a block in which other processes used the machine is thrown away. A figure is the median
over blocks of the mean time of a step; the spread is their 10th and 90th percentile. PyTorch is
measured at the best settings found (the faster of its two memory formats, malloc told to keep its
memory, OpenBLAS on OpenMP's threads) and as it comes, with the same number of threads. The limits
of the machine are measured in the same rounds. Tables go to bench/RESULTS.md, one section per model.
"""
import argparse
import datetime
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

from contender import Contender, Limits, tuned_environment

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ["M0", "M1", "M2", "M3", "M4"]
# The fewest bytes that a step must move, where that and not arithmetic is the limit: what M1's
# convolutions make is written, read, and read and written again by their gradients.
FEWEST_BYTES = {"M1": 176e6}
# A contender that others do not let come to rest gives up behind so many times the rounds.
PATIENCE = 3


def python_with_torch():
    """The Python that Debian's PyTorch is installed for may be another one than this."""
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and not subprocess.run(
                [python, "-c", "import torch"], capture_output=True, check=False).returncode:
            return python
    raise SystemExit("run.py: no Python here has PyTorch: ./run bench --with-torch installs Debian's")


def torch_contenders(model, arguments):
    """The faster memory format of two, tuned; and PyTorch as it comes."""
    command = [python_with_torch(), str(HERE / "peer_torch.py"), model, "--threads",
               str(arguments.threads), "--precision", arguments.precision]
    tuned = tuned_environment(arguments.threads)
    best, other = (Contender(f"PyTorch, tuned, {name}", command + flags, tuned)
                   for name, flags in (("contiguous", []), ("channels last", ["--channels-last"])))
    for _ in range(3):
        for each in (best, other):
            each.block(arguments.seconds)
    if other.median() < best.median():
        best, other = other, best
    other.end()
    stock = Contender("PyTorch, stock", command, {"OMP_NUM_THREADS": str(arguments.threads)})
    return [best, stock]


def program(name, arguments):
    binary = pathlib.Path(arguments.build).resolve() / "bench" / name
    if not binary.exists():
        raise SystemExit(f"{binary} is missing: configure with -DTENON_BUILD_BENCH=ON and build it")
    return str(binary)


def contenders(model, arguments):
    environment = {"OMP_NUM_THREADS": str(arguments.threads)}
    command = [program("bench_models", arguments), model, "--block", "--threads",
               str(arguments.threads), "--precision", arguments.precision]
    every = [Contender("Tenon", command, environment)]
    if arguments.with_torch:
        every += torch_contenders(model, arguments)
    return every


def run_rounds(every, limits, arguments):
    for each in every:
        each.block(arguments.seconds)
        each.forget()
    for _ in range(PATIENCE * arguments.rounds):
        for each in every:
            each.block(arguments.seconds)
        limits.block(0.3, arguments.precision)
        if all(len(each.blocks) >= arguments.rounds for each in every) and limits.blocks:
            break
    for _ in range(PATIENCE * arguments.starts):
        for each in every:
            each.start()
        if all(len(each.starts) >= arguments.starts for each in every):
            break


def times(value, base):
    return f"{value / base:.3g}" if base else "-"


def contender_table(every):
    tenon = every[0]
    lines = ["| contender | ms per step, median | p10 | p90 | Tenon's share | processor ms per step | peak memory, MiB "
             "| Tenon's share | page faults per step | process start to first step, s | Tenon's share "
             "| fit to first step, s |", "| --- |" + " --- |" * 11]
    for one in every:
        low, high = one.spread()
        whole, fit = one.start_medians() if one.starts or one.disturbed_starts else (0.0, 0.0)
        tenon_whole = tenon.start_medians()[0] if whole else 0.0
        lines.append(
            f"| {one.name}: {one.description} | {one.median():.4g} | {low:.4g} | {high:.4g} "
            f"| {times(tenon.median(), one.median())} | {one.median('processor'):.4g} "
            f"| {one.peak_bytes / 2**20:.0f} | {times(tenon.peak_bytes, one.peak_bytes)} "
            f"| {one.median('faults'):.3g} | {whole:.3f} | {times(tenon_whole, whole)} | {fit:.3f} |")
    return lines


def is_product(step):
    return step["op"].startswith(("convolution", "dense", "depthwise"))


def limit_lines(model, tenon, steps, sizes, limits, precision):
    products = sum(step["operations"] for step in steps if is_product(step))
    rate, copied = limits.medians()
    seconds = 1e-3 * tenon.median()
    lines = [f"One step is {1e-9 * products:.4g} GFLOP of convolutions and dense layers. "]
    if rate:
        lines[0] += (f"oneDNN's product of {precision} matrices (2048³) ran at {rate:.0f} GFLOP/s in this run: "
                     f"the step is at {products / seconds / (1e9 * rate):.2f} of that. ")
    lines[0] += f"Copying 176 MiB ran at {copied:.1f} GB/s"
    if model in FEWEST_BYTES:
        share = FEWEST_BYTES[model] / (1e9 * copied) / seconds
        lines[0] += f": for the {1e-6 * FEWEST_BYTES[model]:.0f} MB that must move, the step is at {share:.2f} of that"
    lines[0] += "."
    names = {"arena": "intermediate values", "scratch": "scratch", "variables": "weights and the optimizer's state"}
    lines.append("Memory of the step: " + ", ".join(
        f"{names.get(name, name)} {size / 2**20:.1f} MiB" for name, size in sizes.items()) + ".")
    return [" ".join(lines)]


def step_table(steps, count=5):
    whole = sum(step["seconds"] for step in steps)
    lines = ["| step of the plan | layer | implementation | ms | of the step | GFLOP/s | GB/s |",
             "| --- |" + " --- |" * 6]
    for step in sorted(steps, key=lambda step: -step["seconds"])[:count]:
        seconds = max(step["seconds"], 1e-9)
        lines.append(f"| {step['op']} | {step['layer']} | {step['implementation']} | {1e3 * seconds:.3g} "
                     f"| {100 * seconds / whole:.0f} % | {1e-9 * step['operations'] / seconds:.3g} "
                     f"| {1e-9 * step['bytes'] / seconds:.3g} |")
    return lines


def quality(every, arguments):
    lost = sum(len(one.disturbed) for one in every)
    kept = min(len(one.blocks) for one in every)
    text = (f"{kept} undisturbed blocks of {arguments.seconds} s of each, alternating; {lost} in which other processes "
            "ran were thrown away.")
    if kept == 0:
        text = "Other processes ran in every block of a contender: only the ratios say something."
    return f"{text} Batches of 32. \"Tenon's share\": Tenon's figure over this one."


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
            if line.startswith("model name"):
                return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores"
    except OSError:
        pass
    return platform.processor()


def write_section(path, title, lines):
    """Puts a section in the place of the one with its title, or at the end."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Measured\n"
    section = "\n".join([f"## {title}", "", *lines])
    before, found, rest = text.partition(f"## {title}\n")
    after = rest[rest.index("\n## ") + 1:] if found and "\n## " in rest else ""
    parts = [before.rstrip(), section.rstrip(), after.rstrip()]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def command_line(model, arguments):
    words = ["./run bench", model]
    if arguments.with_torch:
        words.append("--with-torch")
    if arguments.precision != "float32":
        words.append(f"--precision {arguments.precision}")
    return " ".join(words + [f"--threads {arguments.threads} --rounds {arguments.rounds}"])


def measure(model, arguments):
    every = contenders(model, arguments)
    limits = Limits([program("bench_limits", arguments), str(arguments.threads)], {})
    run_rounds(every, limits, arguments)
    steps, sizes = every[0].report()
    for each in every:
        each.end()
    limits.end()
    return [f"`{command_line(model, arguments)}`, {datetime.date.today()}, {processor()}", "",
            *contender_table(every), "", *limit_lines(model, every[0], steps, sizes, limits, arguments.precision),
            "", *step_table(steps), "", quality(every, arguments)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; default: all")
    parser.add_argument("--build", default="build")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--rounds", type=int, default=10, help="undisturbed blocks of each contender")
    parser.add_argument("--seconds", type=float, default=0.6, help="of a block")
    parser.add_argument("--starts", type=int, default=3, help="times that a process is started anew")
    parser.add_argument("--with-torch", action="store_true", help="PyTorch, too")
    parser.add_argument("--results", default=HERE / "RESULTS.md", type=pathlib.Path)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.models if name not in MODELS]
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    for model in arguments.models or MODELS:
        lines = measure(model, arguments)
        title = f"Training steps: {model}, {arguments.precision}, {arguments.threads} threads"
        print("\n".join([f"## {title}", "", *lines, ""]), flush=True)
        write_section(arguments.results, title, lines)


if __name__ == "__main__":
    main()
