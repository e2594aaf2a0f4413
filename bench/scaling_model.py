#!/usr/bin/env python3
"""The cost of a training step on N machines, by the model of docs/scaling.md.

Prints the table there. All inputs are below: measured (bench/RESULTS.md) or stated.
"""

# Model: seconds of a step of 32 rows on one machine (2 threads), bytes of its gradients.
MODELS = {"M1": (0.0059, 1.1e6), "M2": (0.0356, 0.8e6), "M3": (0.256, 44.7e6), "M4": (0.120, 0.3e6)}
OVERLAP = 0.5  # Of a step, the part of the backward pass that messages can go beside.
LATENCY = 30e-6  # Of one message between machines, TCP.
MESSAGE = 1.5e-6  # What a message costs the processor that sends or takes it.
BUCKET = 4e6
MEMORY = 8e9  # Bytes a second that one core reads and writes while it adds.
TCP = 1e-9  # Seconds of the processor for a byte that is sent and one that comes, by TCP in the kernel.
RATES = {"10": 10e9 / 8, "25": 25e9 / 8, "100": 100e9 / 8}
MACHINES = [2, 8, 32, 128, 512]


def direct(machines, size, rate, latency=LATENCY, on_wire=1.0):
    """Parts to their owners, sums to all: two rounds, 2 (N - 1) messages of each bucket. `on_wire`: bytes
    that are sent of one of the gradients'."""
    buckets = max(1, round(size / BUCKET))
    others = machines - 1
    return 2 * others / machines * size * on_wire / rate + 2 * latency + 4 * others * buckets * MESSAGE


def ring(machines, size, rate):
    others = machines - 1
    return 2 * others / machines * size / rate + 2 * others * (LATENCY + 2 * MESSAGE)


def tree(machines, size, rate):
    depth = (machines - 1).bit_length()
    return 2 * depth * (size / rate + LATENCY + 2 * MESSAGE)


def small(machines, latency=LATENCY):
    """The two exchanges of a few numbers: who has rows, and the sums of the metrics."""
    return 2 * (latency + 2 * (machines - 1) * MESSAGE)


def seconds_of_step(alone, reduction, machines, size, latency=LATENCY, on_wire=1.0):
    last = min(1.0, BUCKET / size) * reduction  # Nothing is left to go beside the last bucket.
    exposed = max(reduction - OVERLAP * alone, last)
    moved = 2 * size * (machines - 1) / machines  # By each rank: its part, from each other one.
    return alone + exposed + small(machines, latency) + moved * (1 / MEMORY + on_wire * TCP)


def efficiency(step, reduction, machines, size):
    return step / seconds_of_step(step, reduction, machines, size)


def main():
    print("| | Gb/s | " + " | ".join(str(n) for n in MACHINES) + " | 512 by a ring | by a tree |")
    print("| --- |" + " --- |" * (len(MACHINES) + 3))
    for name, (step, size) in MODELS.items():
        for label, rate in RATES.items():
            cells = [efficiency(step, direct(n, size, rate), n, size) for n in MACHINES]
            cells += [efficiency(step, way(512, size, rate), 512, size) for way in (ring, tree)]
            print(f"| {name} | {label} | " + " | ".join(f"{100 * cell:.0f} %" for cell in cells) + " |")


if __name__ == "__main__":
    main()
