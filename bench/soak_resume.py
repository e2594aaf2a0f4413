#!/usr/bin/env python3
"""Kills a training at random moments, goes on with it each time, and holds what comes out against a
run that nobody disturbed: weights, optimizer, history.csv, steps.csv without its seconds.

soak_resume.py TENON EXPERIMENT [--kills 100] [--epochs 12] [--seconds 1.6] [--seed 1] [--set KEY=VALUE …]
Needs Debian's python3-h5py.
"""
import argparse
import io
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import zipfile

import h5py


def arrays(path):
    """Every array of a .keras file, as bytes."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            file.visititems(lambda name, item: found.update({name: item[()].tobytes()})
                            if isinstance(item, h5py.Dataset) else None)
    return found


def steps(path):
    return [line.rsplit(",", 2)[0] for line in path.read_text().splitlines()]


def command(arguments, output, resume):
    words = [arguments.tenon, "train", arguments.experiment, "--quiet", "--set", f"fit.epochs={arguments.epochs}",
             "--set", f'fit.output="{output}"', "--set", "fit.save_freq=3"]
    for each in arguments.set:
        words += ["--set", each]
    return words + (["--resume"] if resume else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tenon")
    parser.add_argument("experiment")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=1.6, help="a run is killed within so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = pathlib.Path(folder) / "whole", pathlib.Path(folder) / "killed"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command(arguments, whole, False), check=True, **quiet)
        kills = attempts = 0
        while True:
            process = subprocess.Popen(command(arguments, killed, attempts > 0), **quiet)
            attempts += 1
            try:
                patience = draw.uniform(0.0, arguments.seconds) if kills < arguments.kills else None
                status = process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        same = {
            "status 0": status == 0,
            "weights and optimizer": arrays(whole / "model.keras") == arrays(killed / "model.keras"),
            "history.csv": (whole / "history.csv").read_bytes() == (killed / "history.csv").read_bytes(),
            "steps.csv": steps(whole / "steps.csv") == steps(killed / "steps.csv"),
        }
        count = len(steps(whole / "steps.csv")) - 1
        print(f"{kills} kills in {count} steps; " + ", ".join(f"{what}: {'same' if is_same else 'DIFFERENT'}"
                                                             for what, is_same in same.items()))
        return 0 if all(same.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
