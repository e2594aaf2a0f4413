#!/usr/bin/env python3
"""Holds the seconds of steps.csv against the clock: what n more epochs add to the wall time of
`tenon train` must be what their rows add up to (bar: 5 %).

Usage: step_seconds.py TENON [--epochs 3] [--rounds 3] [--folder demo_output]

Trains the demo of `tenon demo` for n and for 2n epochs, without validation; the difference leaves
out starting, compiling and saving. Draws the demo's data into the folder if it is not there. Prints
a table for RESULTS.md.
"""
import argparse
import csv
import pathlib
import re
import statistics
import subprocess
import time


def train(tenon, folder, epochs):
    """The wall time, the sums of the data and the compute seconds of all steps, and what `train` said of waiting."""
    command = [tenon, "train", "experiment.toml", "--set", f"fit.epochs={epochs}", "--set",
               f"fit.validation_freq={epochs + 1}", "--set", 'fit.output="timed"']
    start = time.monotonic()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    wall = time.monotonic() - start
    with open(folder / "timed" / "steps.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    waited = re.search(r"waited (\d+) %", done.stdout)
    return (wall, sum(float(row["seconds_data"]) for row in rows),
            sum(float(row["seconds_compute"]) for row in rows), waited.group(1) if waited else "?")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tenon", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("demo_output"))
    arguments = parser.parse_args()
    tenon = arguments.tenon.resolve()
    if not (arguments.folder / "experiment.toml").exists():
        subprocess.run([tenon, "demo", "--quiet", "--output", arguments.folder], check=True,
                       stdout=subprocess.DEVNULL)
    print("| epochs | wall, s more | steps.csv, s more | of that data | steps.csv / wall | told: waited |")
    print("| --- | --- | --- | --- | --- | --- |")
    ratios = []
    for _ in range(arguments.rounds):
        short, long = (train(tenon, arguments.folder, n) for n in (arguments.epochs, 2 * arguments.epochs))
        wall, data, compute = (b - a for a, b in zip(short[:3], long[:3]))
        ratios.append((data + compute) / wall)
        print(f"| {arguments.epochs} and {2 * arguments.epochs} | {wall:.2f} | {data + compute:.2f} | {data:.2f} "
              f"| {ratios[-1]:.3f} | {long[3]} % |")
    median = statistics.median(ratios)
    print(f"\nMedian {median:.3f}; bar 0.95 to 1.05.")
    return 0 if 0.95 <= median <= 1.05 else 1


if __name__ == "__main__":
    raise SystemExit(main())
