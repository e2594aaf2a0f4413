#!/usr/bin/env python3
"""Times `tenon check` of an experiment of 30 stages and 30 keys over a CSV of 10 000 rows (goal: under 0.2 s).

Needs ../shared (the images of blood_cells; one of each split is decoded). Prints a table for RESULTS.md.

Usage: check_speed.py TENON [--rounds 20]
"""
import argparse
import csv
import pathlib
import statistics
import subprocess
import tempfile
import time

ROWS = 10_000
SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


def write_csv(path):
    with open(SHARED / "data/blood_cells/train.csv", encoding="utf-8") as source:
        rows = [row for row in csv.DictReader(source) if row["xmin"] != row["xmax"] and row["ymin"] != row["ymax"]]
    extra = [f"measure_{i:02}" for i in range(20)]
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]) + extra)
        writer.writeheader()
        for i in range(ROWS):
            writer.writerow({**rows[i % len(rows)], **{name: i * 0.25 + j for j, name in enumerate(extra)}})


def stages():
    box = 'box = ["xmin", "ymin", "xmax", "ymax"]'
    yield f'{{ op = "load_image", from = "filename", to = "image", root = "{SHARED}/data/blood_cells/images" }}'
    yield f'{{ op = "crop_box", from = "image", to = "Small", {box}, size = [32, 32] }}'
    yield f'{{ op = "crop_around", from = "image", to = "Large", {box}, extent = [192, 192], size = [64, 64] }}'
    yield '{ op = "encode", from = "cell_type", to = "cell", classes = ["RBC", "WBC", "Platelets"] }'
    for i in range(10):
        yield f'{{ op = "scale", keys = ["measure_{2 * i:02}", "measure_{2 * i + 1:02}"], factor = 0.5 }}'
    for i in range(10):
        yield f'{{ op = "rename", map = {{ measure_{i:02} = "value_{i:02}" }} }}'
    yield '{ op = "scale", keys = ["Small", "Large"], factor = 0.00392156862745098 }'
    yield '{ op = "random_flip", keys = ["Small", "Large"], axes = ["height", "width"] }'
    yield '{ op = "select", keys = ["Small", "Large", "cell"] }'
    yield '{ op = "shuffle", buffer = 4096 }'
    yield '{ op = "batch", size = 32 }'
    yield '{ op = "prefetch", batches = 2 }'


def write_experiment(path, misspelt):
    text = ",\n  ".join(stages())
    if misspelt:
        text = text.replace('to = "Small"', 'to = "small"').replace('["Small"', '["small"')
    path.write_text(f'''[model]
path = "{SHARED}/fixtures/keras/two_scale.keras"
[data]
stages = [
  {text},
]
[data.train]
source = {{ kind = "csv", path = "train.csv" }}
[fit]
loss = {{ cell = "sparse_categorical_crossentropy" }}
''', encoding="utf-8")


def timed(command, folder, status):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != status:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tenon", type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    if not SHARED.exists():
        raise SystemExit("skipped: no ../shared")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_csv(folder / "train.csv")
        print(f"{len(list(stages()))} stages, 30 keys, {ROWS} rows, {arguments.rounds} runs of the whole process\n")
        print("| experiment | median, s | p10 | p90 |\n| --- | --- | --- | --- |")
        for name, misspelt, status in (("fits", False, 0), ("a key in the wrong case: fixes are tried", True, 1)):
            write_experiment(folder / "experiment.toml", misspelt)
            times = sorted(timed([arguments.tenon, "check", "experiment.toml", "--quiet"], folder, status)
                           for _ in range(arguments.rounds))
            print(f"| {name} | {statistics.median(times):.3f} | {times[len(times) // 10]:.3f} "
                  f"| {times[len(times) * 9 // 10]:.3f} |")


if __name__ == "__main__":
    main()
