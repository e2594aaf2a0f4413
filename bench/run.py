#!/usr/bin/env python3
"""Times Tenon beside its peers, in alternating blocks of one run, and prints the ratios.

    bench/run.py --build build [--threads 2] [--rounds 12] [--seconds 0.5] [--write]

Only ratios of one run mean something: both run on the same machine at the same time, one block
after the other. A figure is the median over blocks of the time per step; the spread is that of the
10th and 90th percentile. "Processor" is the time of all threads on a core: on one thread it is what
counts when others use the machine, too; on more it also counts waiting for one another. --write puts the result into bench/RESULTS.md, with the command.
"""
import argparse
import datetime
import glob
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"


class Contender:
    """A process that runs blocks of steps when told to."""

    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.description = self.line()
        self.times = []
        self.processor_times = []
        self.loss = float("nan")
        self.peak_mebibytes = 0

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended: exit code {self.process.wait()}")
        return line.strip()

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def block(self, seconds, keep=True):
        self.say(f"block {seconds}")
        steps, taken, processor, loss = self.line().split()
        self.loss = float(loss)
        if keep:
            self.times.append(1000.0 * float(taken) / int(steps))
            self.processor_times.append(1000.0 * float(processor) / int(steps))

    def report(self):
        self.say("report")
        lines = []
        while (line := self.line()) != ".":
            lines.append(line.split("\t"))
        return lines

    def end(self):
        self.say("quit")
        self.peak_mebibytes = int(self.line())
        self.process.wait()

    def median(self):
        return statistics.median(self.times)

    def processor_median(self):
        return statistics.median(self.processor_times)

    def spread(self):
        ordered = sorted(self.times)
        return ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]


def torch_environment(threads):
    """The settings that PyTorch of Debian was fastest with."""
    environment = {
        "MALLOC_TRIM_THRESHOLD_": "4000000000",
        "MALLOC_MMAP_THRESHOLD_": "4000000000",
        "MALLOC_TOP_PAD_": "400000000",
        "OMP_NUM_THREADS": str(threads),
    }
    # OpenBLAS on OpenMP's threads; on threads of its own it fights with them.
    blas = glob.glob("/usr/lib/*/openblas-openmp")
    if blas:
        environment["LD_LIBRARY_PATH"] = blas[0]
    return environment


def contenders(arguments):
    binary = pathlib.Path(arguments.build).resolve() / "bench" / "bench_two_scale"
    if not binary.exists():
        raise SystemExit(f"{binary} is missing: configure with -DTENON_BUILD_BENCH=ON and build it")
    threads = str(arguments.threads)
    tenon = Contender("Tenon", [str(binary), threads], {"OMP_NUM_THREADS": threads})
    peer = [sys.executable, str(HERE / "peer_torch.py"), threads]
    torch = Contender("PyTorch", peer, torch_environment(arguments.threads))
    every = [tenon, torch]
    if arguments.stock:
        stock = Contender("PyTorch, stock", peer, {"OMP_NUM_THREADS": threads})
        every.append(stock)
    return every


def table(every, arguments):
    tenon = every[0]
    lines = [
        "| contender | ms per step, median | p10 | p90 | times Tenon | processor ms per step "
        "| times Tenon | peak memory, MiB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in every:
        low, high = one.spread()
        lines.append(
            f"| {one.name}: {one.description} | {one.median():.2f} | {low:.2f} | {high:.2f} "
            f"| {one.median() / tenon.median():.2f} | {one.processor_median():.2f} "
            f"| {one.processor_median() / tenon.processor_median():.2f} | {one.peak_mebibytes} |"
        )
    lines.append("")
    lines.append(
        f"{arguments.rounds} rounds of alternating blocks of {arguments.seconds} s, "
        f"{arguments.threads} thread(s), batches of 32, float32. {arguments.note}".rstrip()
    )
    return lines


def write_section(lines, arguments):
    title = f"## two_scale: the model of two inputs, {arguments.threads} thread(s)"
    words = [a for a in sys.argv[1:] if a not in ("--write", "--note", arguments.note)]
    command = "bench/run.py " + " ".join(words)
    section = [title, "", f"`{command}`, {datetime.date.today()}, {processor()}", "", *lines, ""]
    text = RESULTS.read_text() if RESULTS.exists() else "# Measured\n\n"
    before, _, rest = text.partition(title)
    after = rest[rest.index("\n## ") + 1 :] if "\n## " in rest else ""
    parts = [before.rstrip(), "\n".join(section).rstrip(), after.rstrip()]
    RESULTS.write_text("\n\n".join(part for part in parts if part) + "\n")


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores"
    except OSError:
        pass
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--stock", action="store_true", help="PyTorch with no settings, too")
    parser.add_argument("--report", action="store_true", help="print the steps of the plan")
    parser.add_argument("--write", action="store_true", help="put the result into RESULTS.md")
    parser.add_argument("--note", default="", help="a line for RESULTS.md: what else ran")
    arguments = parser.parse_args()
    every = contenders(arguments)
    if arguments.report:
        for line in every[0].report():
            print("  ".join(line))
    for one in every:
        one.block(arguments.seconds, keep=False)
    for _ in range(arguments.rounds):
        for one in every:
            one.block(arguments.seconds)
    for one in every:
        one.end()
    lines = table(every, arguments)
    print("\n".join(lines))
    if arguments.write:
        write_section(lines, arguments)


if __name__ == "__main__":
    main()
