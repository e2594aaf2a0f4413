#!/usr/bin/env python3
"""PyTorch's side of bench_models: the same models, losses, optimizer, batches and protocol.

    peer_torch.py MODEL [--threads N] [--precision float32|mixed_bfloat16] [--channels-last] [--batch N] [--first]

Losses take logits, which is cheaper for PyTorch than an activation and a loss apart. bfloat16 is
PyTorch's own way, autocast. run.py starts it with the settings that PyTorch of Debian was fastest
with, and once more as it comes.
"""
import argparse
import math
import os
import resource
import sys
import time

STARTED = time.perf_counter()

import torch  # noqa: E402
from torch import nn  # noqa: E402


def yes_or_no(rows):
    return (torch.arange(rows) % 2).float().reshape(rows, 1)


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.kind = nn.Linear(16, 20), nn.Linear(16, 20), nn.Linear(40, 8)

    def forward(self, left, right):
        return self.kind(torch.cat((torch.relu(self.left(left)), torch.relu(self.right(right))), 1))

    @staticmethod
    def batch(rows):
        return [torch.rand(rows, 16), torch.rand(rows, 16)], torch.arange(rows) % 8


class TwoScale(nn.Module):
    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Conv2d(3, 32, 3), nn.Conv2d(3, 64, 3)
        self.dense = nn.Linear(30 * 30 * 32 + 62 * 62 * 64, 1)

    def forward(self, small, large):
        small = torch.relu_(self.small(small)).flatten(1)
        large = torch.relu_(self.large(large)).flatten(1)
        return self.dense(torch.cat((small, large), 1))

    @staticmethod
    def batch(rows):
        return [torch.rand(rows, 3, 32, 32), torch.rand(rows, 3, 64, 64)], yes_or_no(rows)


def stages(channels, filters, convolution, normalization, pooling):
    layers = []
    for count in filters:
        layers += [convolution(channels, count, 3, padding=1), normalization(count, eps=1e-3),
                   nn.ReLU(inplace=True), pooling(2)]
        channels = count
    return nn.Sequential(*layers)


class TwoScaleDeep(nn.Module):
    def __init__(self):
        super().__init__()
        self.small, self.large = (stages(3, (32, 64, 128), nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d)
                                  for _ in range(2))
        self.hidden, self.dense = nn.Linear(256, 64), nn.Linear(64, 1)

    def forward(self, small, large):
        joined = torch.cat((self.small(small).mean((2, 3)), self.large(large).mean((2, 3))), 1)
        return self.dense(torch.relu(self.hidden(joined)))

    batch = staticmethod(TwoScale.batch)


class BasicBlock(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.first = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(filters, eps=1e-3)
        self.second = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(filters, eps=1e-3)
        self.shortcut = None
        if stride != 1 or channels != filters:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, filters, 1, stride, bias=False),
                                          nn.BatchNorm2d(filters, eps=1e-3))

    def forward(self, x):
        y = torch.relu_(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        y += x if self.shortcut is None else self.shortcut(x)
        return torch.relu_(y)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        blocks, channels = [], 64
        for filters in (64, 128, 256, 512):
            blocks += [BasicBlock(channels, filters, 1 if filters == 64 else 2),
                       BasicBlock(filters, filters, 1)]
            channels = filters
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64, eps=1e-3),
            nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1), *blocks)
        self.dense = nn.Linear(512, 10)

    def forward(self, image):
        return self.dense(self.layers(image).mean((2, 3)))

    @staticmethod
    def batch(rows):
        return [torch.rand(rows, 3, 64, 64)], torch.arange(rows) % 10


class Volume(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = stages(1, (16, 32, 64), nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d)
        self.dense = nn.Linear(64, 1)

    def forward(self, volume):
        return self.dense(self.layers(volume).mean((2, 3, 4)))

    @staticmethod
    def batch(rows):
        return [torch.rand(rows, 1, 32, 32, 32)], yes_or_no(rows)


MODELS = {"M0": Tiny, "M1": TwoScale, "M2": TwoScaleDeep, "M3": Residual, "M4": Volume}


class Stepper:
    def __init__(self, arguments):
        torch.set_num_threads(arguments.threads or os.cpu_count())
        torch.manual_seed(1)
        self.model = MODELS[arguments.model]()
        self.inputs, self.target = self.model.batch(arguments.batch)
        if arguments.channels_last:
            self.model = self.in_channels_last(self.model)
            self.inputs = [self.in_channels_last(each) for each in self.inputs]
        self.half = arguments.precision == "mixed_bfloat16"
        self.criterion = (nn.CrossEntropyLoss() if self.target.dim() == 1 else nn.BCEWithLogitsLoss())
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, eps=1e-7)

    @staticmethod
    def in_channels_last(what):
        for form in (torch.channels_last, torch.channels_last_3d):
            try:
                what = what.to(memory_format=form)
            except RuntimeError:  # Of another rank.
                pass
        return what

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        if self.half:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = self.model(*self.inputs)
            loss = self.criterion(logits.float(), self.target)
        else:
            loss = self.criterion(self.model(*self.inputs), self.target)
        loss.backward()
        self.optimizer.step()
        return loss


def run_block(stepper, seconds):
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    steps = 0
    while True:
        loss = stepper.step()
        steps += 1
        taken = time.perf_counter() - start
        if taken >= seconds:
            break
    after = resource.getrusage(resource.RUSAGE_SELF)
    value = loss.item()
    assert math.isfinite(value)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(steps, taken, processor, after.ru_minflt - before.ru_minflt, value, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--first", action="store_true", help="one step, and how long it took")
    arguments = parser.parse_args()
    if arguments.first:
        stepper = Stepper(arguments)
        start = time.perf_counter()
        loss = stepper.step().item()
        print(time.perf_counter() - start, loss, flush=True)
        return
    stepper = Stepper(arguments)
    stepper.step()
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["quit"]:
            break
        if words[:1] == ["block"]:
            run_block(stepper, float(words[1]))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
