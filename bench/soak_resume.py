#!/usr/bin/env python3
"""Kills a training at random moments, goes on with it each time, and holds what comes out against a
run that nobody disturbed: weights, optimizer, history.csv, steps.csv without its seconds.

soak_resume.py TENON EXPERIMENT [--kills 100] [--epochs 12] [--seconds 1.6] [--seed 1] [--ranks 1] [--set KEY=VALUE …]
With --ranks 2 and more, mpirun starts them, and one of them, any, is killed. Needs Debian's python3-h5py.
"""
import argparse
import io
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
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
    if arguments.ranks > 1:
        words = ["mpirun", "--oversubscribe", "--allow-run-as-root", "-n", str(arguments.ranks)] + words
    for each in arguments.set:
        words += ["--set", each]
    return words + (["--resume"] if resume else [])


def ranks_of(mpirun):
    """The processes that it started."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat, open(f"/proc/{name}/environ") as environment:
                is_child = int(stat.read().rsplit(")", 1)[1].split()[1]) == mpirun
                if is_child and "OMPI_COMM_WORLD_RANK=" in environment.read():
                    found.append(int(name))
        except OSError:  # It has ended meanwhile.
            continue
    return sorted(found)


def kill_one(process, arguments, draw):
    """The process itself, or one of its ranks; then all have to end."""
    victims = [process.pid] if arguments.ranks == 1 else ranks_of(process.pid)
    if not victims:
        return False  # Not there yet, or at its end.
    try:
        os.kill(draw.choice(victims), signal.SIGKILL)
    except ProcessLookupError:
        return False
    try:
        process.wait(120.0)
    except subprocess.TimeoutExpired:
        sys.exit("the job hangs after one of its ranks was killed")
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tenon")
    parser.add_argument("experiment")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=1.6, help="a run is killed within so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = pathlib.Path(folder) / "whole", pathlib.Path(folder) / "killed"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command(arguments, whole, False), check=True, **quiet)
        kills = attempts = 0
        killed_at = []
        status = None
        while status is None:
            process = subprocess.Popen(command(arguments, killed, attempts > 0), **quiet)
            attempts += 1
            while arguments.ranks > 1 and process.poll() is None and not ranks_of(process.pid):
                time.sleep(0.002)
            try:
                status = process.wait(draw.uniform(0.0, arguments.seconds) if kills < arguments.kills else None)
            except subprocess.TimeoutExpired:
                if kill_one(process, arguments, draw):
                    kills += 1
                    killed_at.append(len(steps(killed / "steps.csv")) - 1 if (killed / "steps.csv").exists() else 0)
                else:
                    status = process.wait()
        same = {
            "status 0": status == 0,
            "weights and optimizer": arrays(whole / "model.keras") == arrays(killed / "model.keras"),
            "history.csv": (whole / "history.csv").read_bytes() == (killed / "history.csv").read_bytes(),
            "steps.csv": steps(whole / "steps.csv") == steps(killed / "steps.csv"),
        }
        count = len(steps(whole / "steps.csv")) - 1
        median = sorted(killed_at)[kills // 2] if kills else 0
        verdicts = ", ".join(f"{what}: {'same' if is_same else 'DIFFERENT'}" for what, is_same in same.items())
        print(f"{kills} kills in {count} steps, the median at step {median}; {verdicts}")
        return 0 if all(same.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
