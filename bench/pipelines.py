#!/usr/bin/env python3
"""Tenon's pipelines beside Python's, in turns in one run; prints rows of RESULTS.md.

pipelines.py PROGRAM DATA [--rounds 3] [--parts]. PROGRAM: build/bench/bench_volume_pipeline; DATA: the folder
that holds brain_t1 and blood_cells. Needs Debian's python3-nibabel, python3-scipy, python3-torch and
python3-pil. Every contender has 2 processes or threads.
"""
import argparse
import csv
import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"
import nibabel
import numpy
import torch
from PIL import Image
from scipy import ndimage

torch.set_num_threads(1)


def one_scan(arguments):
    """NIfTI, window, 64^3 crop, affine, flip, noise: nibabel and scipy."""
    path, seed = arguments
    rng = numpy.random.default_rng(seed)
    volume = numpy.asarray(nibabel.load(path).dataobj).astype(numpy.float32)
    volume = numpy.clip(volume / 200.0, 0.0, 1.0)
    first = [rng.integers(0, size - 64 + 1) for size in volume.shape]
    volume = volume[tuple(slice(f, f + 64) for f in first)]
    a, b, c = numpy.deg2rad(rng.uniform(-15, 15, 3))

    def turn(i, j, angle):
        m = numpy.eye(3)
        m[i, i] = m[j, j] = numpy.cos(angle)
        m[i, j], m[j, i] = -numpy.sin(angle), numpy.sin(angle)
        return m

    matrix = turn(1, 2, a) @ turn(0, 1, b) @ turn(0, 2, c) / rng.uniform(0.9, 1.1)
    middle = numpy.full(3, 31.5)
    volume = ndimage.affine_transform(volume, matrix, middle - matrix @ middle, order=1,
                                      mode="nearest")
    for axis in range(3):
        if rng.integers(2):
            volume = numpy.flip(volume, axis)
    noise = rng.normal(0.0, rng.uniform(0.0, 0.1), volume.shape).astype(numpy.float32)
    return numpy.ascontiguousarray(volume + noise)


class Smears(torch.utils.data.Dataset):
    """`half`: libjpeg decodes at half the size, as Tenon's at_least has it decode."""

    def __init__(self, folder, count, crop, half):
        self.crop, self.half = crop, half
        with open(os.path.join(folder, "train.csv")) as file:
            names = [row["filename"] for row in csv.DictReader(file)]
        self.paths = [os.path.join(folder, "images", names[i % len(names)]) for i in range(count)]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        image = Image.open(self.paths[index])
        if self.half:
            image.draft("RGB", (image.width // 2, image.height // 2))
        image = image.convert("RGB")
        left, top = (image.width - self.crop) // 2, (image.height - self.crop) // 2
        image = image.crop((left, top, left + self.crop, top + self.crop))
        image = image.resize((128, 128), Image.BILINEAR)
        return (torch.from_numpy(numpy.asarray(image).copy()).float() - 120.0) / 60.0


def python_scans(path, count):
    with multiprocessing.Pool(2) as pool:
        pool.map(abs, range(2))
        start = time.perf_counter()
        for _ in pool.imap(one_scan, [(path, i) for i in range(count)]):
            pass
        return time.perf_counter() - start


def python_smears(folder, count, crop=400, half=False):
    loader = torch.utils.data.DataLoader(Smears(folder, count, crop, half), batch_size=32,
                                         num_workers=2)
    start = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - start


def compare_parts(tenon, brain, cells, rounds):
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "t1.nii")
        nibabel.save(nibabel.load(brain), plain)
        large = os.path.join(folder, "large.nii")
        values = numpy.random.default_rng(1).integers(0, 200, (512, 512, 256)).astype(numpy.int16)
        nibabel.save(nibabel.Nifti1Image(values, numpy.eye(4)), large)
        os.environ["TMPDIR"] = folder
        works = [("two paths, t1_crop.nii.gz", "paths", "", brain, 32),
                 ("two paths, the same unpacked", "paths", "", plain, 64),
                 ("two paths, 256 x 512 x 512 int16", "paths", "", large, 16),
                 ("two paths, t1_crop from a disk cache", "paths", "_cached", brain, 64),
                 ("two pieces of blood_cells", "cells", "", cells, 640)]
        rates = {}
        for _ in range(rounds):
            for name, what, how, path, count in works:
                for kind in ("_whole", ""):
                    seconds = tenon(what + kind + how, path, count)
                    rates.setdefault((name, kind), []).append(count / seconds)
    print("| work | the whole | its parts | ratio |\n| --- | --- | --- | --- |")
    for name, *_ in works:
        both = [rates[name, kind] for kind in ("_whole", "")]
        cells_of = [f"{statistics.median(each):.1f} ({min(each):.1f}, {max(each):.1f})"
                    for each in both]
        ratio = statistics.median(both[1]) / statistics.median(both[0])
        print(f"| {name} | {cells_of[0]} | {cells_of[1]} | {ratio:.2f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", action="store_true",
                        help="instead: parts cut while reading, beside reading the whole")
    options = parser.parse_args()
    brain = os.path.join(options.data, "brain_t1", "t1_crop.nii.gz")
    cells = os.path.join(options.data, "blood_cells")

    def tenon(what, path, count):
        out = subprocess.run([options.program, what, path, str(count), "2"], check=True,
                             capture_output=True, text=True).stdout.split()
        assert int(out[0]) == count, out
        return float(out[1])

    if options.parts:
        return compare_parts(tenon, brain, cells, options.rounds)
    small = os.path.join(tempfile.mkdtemp(), "small.nii")
    nibabel.save(nibabel.Nifti1Image(numpy.zeros((4, 4, 4), numpy.float32), numpy.eye(4)), small)
    contenders = {
        "scans, Tenon": (lambda: tenon("scans", brain, 24), 24),
        "scans, nibabel + scipy": (lambda: python_scans(brain, 8), 8),
        "smears, Tenon": (lambda: tenon("smears", cells, 640), 640),
        "smears, DataLoader + PIL": (lambda: python_smears(cells, 640), 640),
        "160 of them, Tenon": (lambda: tenon("smears_part", cells, 640), 640),
        "160 of them, DataLoader + PIL": (lambda: python_smears(cells, 640, 160), 640),
        "at half the size, Tenon": (lambda: tenon("smears_half", cells, 1280), 1280),
        "at half the size, DataLoader + PIL": (lambda: python_smears(cells, 640, 200, True), 640),
        "smears, bare libjpeg-turbo": (lambda: tenon("bare", cells, 640), 640),
        "small file through tenon-decode": (lambda: tenon("small", small, 2000), 2000),
    }
    rates = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, (call, count) in contenders.items():
            rates[name].append(count / call())
    middle = {name: statistics.median(values) for name, values in rates.items()}
    print("| | samples a second (median, least, most) |\n| --- | --- |")
    for name, values in rates.items():
        print(f"| {name} | {middle[name]:.1f} ({min(values):.1f}, {max(values):.1f}) |")
    print(f"\nscans: {middle['scans, Tenon'] / middle['scans, nibabel + scipy']:.2f} x Python; "
          f"smears: {middle['smears, Tenon'] / middle['smears, DataLoader + PIL']:.2f} x DataLoader, "
          f"{middle['smears, Tenon'] / middle['smears, bare libjpeg-turbo']:.2f} x the bare loop, "
          f"{middle['160 of them, Tenon'] / middle['160 of them, DataLoader + PIL']:.2f} x DataLoader "
          f"for 160 pixels a side, "
          f"{middle['at half the size, Tenon'] / middle['at half the size, DataLoader + PIL']:.2f} x "
          f"at half the size; "
          f"a file through tenon-decode {1e6 / middle['small file through tenon-decode']:.0f} us")


main()
