#!/usr/bin/env python3
"""PyTorch's side of bench/two_scale.cpp: the same model, loss, optimizer and protocol.

Started by run.py with the settings that were found best for PyTorch 1.13 of Debian: memory that
malloc never gives back (no page faults per step), as many threads as the machine has cores,
channels first (for this model faster than channels last), the OpenMP build of OpenBLAS if there
is one. The loss is BCEWithLogits: cheaper for PyTorch than sigmoid and BCE apart.
"""
import math
import os
import resource
import sys
import time

import torch


class TwoScale(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.small = torch.nn.Conv2d(3, 32, 3)
        self.large = torch.nn.Conv2d(3, 64, 3)
        self.dense = torch.nn.Linear(30 * 30 * 32 + 62 * 62 * 64, 1)
        for layer in (self.small, self.large, self.dense):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)

    def forward(self, small, large):
        small = torch.relu_(self.small(small)).flatten(1)
        large = torch.relu_(self.large(large)).flatten(1)
        return self.dense(torch.cat((small, large), 1))


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    torch.set_num_threads(threads or os.cpu_count())
    torch.manual_seed(1)
    model = TwoScale()
    memory = torch.channels_last if "channels_last" in sys.argv else torch.contiguous_format
    model = model.to(memory_format=memory)
    small = torch.rand(32, 3, 32, 32).contiguous(memory_format=memory)
    large = torch.rand(32, 3, 64, 64).contiguous(memory_format=memory)
    target = torch.rand(32, 1)
    criterion = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(small, large), target)
        loss.backward()
        optimizer.step()
        return loss

    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["quit"]:
            break
        if words[:1] != ["block"]:
            continue
        seconds = float(words[1])
        start = time.perf_counter()
        processor = time.process_time()
        steps = 0
        while True:
            loss = step()
            steps += 1
            taken = time.perf_counter() - start
            if taken >= seconds:
                break
        value = loss.item()
        assert math.isfinite(value)
        processor = time.process_time() - processor
        print(steps, time.perf_counter() - start, processor, value, flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)


if __name__ == "__main__":
    main()
