#!/usr/bin/env python3
"""Trains with two ranks on two machines that share a limited network, and holds what a step takes against
the model of docs/scaling.md. The machines are network namespaces with a cable between them; its rate is
that of `tc tbf`, its latency that of a forwarder between two tun devices, for kernels without netem.

networks.py BUILD [--model M1] [--rows 16] [--network open,1gbit,10gbit,1ms …] [--steps 12] [--rounds 3]

Needs root, Debian's iproute2 and openmpi-bin, and BUILD/bench/bench_ranks. Prints rows of a table. What it makes
is removed when it ends.
"""
import argparse
import collections
import ctypes
import fcntl
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import scaling_model

ADDRESSES = ["10.78.0.1", "10.78.0.2"]
NAMES = [f"tenon_net_{os.getpid()}_{letter}" for letter in "ab"]
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
TUN_MTU = 65520


def must(line, **more):
    return subprocess.run(line.split(), check=True, **more)


def in_namespace(name, work):
    """What `work()` gives in a network namespace; files and sockets that it opens stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")
        return work()
    finally:
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


def open_tun():
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22s", b"link0", IFF_TUN | IFF_NO_PI, b""))
    return tun


def forward(tuns, seconds):
    """Packets from each to the other, so much later."""
    waiting = [collections.deque(), collections.deque()]
    poll = select.epoll()
    for tun in tuns:
        poll.register(tun, select.EPOLLIN)
    while True:
        due = [queue[0][0] for queue in waiting if queue]
        # A sleep takes somewhat longer than asked for: the last part is waited for awake.
        left = min(due) - time.monotonic() if due else 1.0
        for tun, _ in poll.poll(max(0.0, left - 100e-6)):
            side = tuns.index(tun)
            try:
                while True:
                    waiting[side].append((time.monotonic() + seconds, os.read(tun, TUN_MTU + 64)))
            except BlockingIOError:
                pass
        now = time.monotonic()
        for side, queue in enumerate(waiting):
            while queue and queue[0][0] <= now:
                try:
                    os.write(tuns[1 - side], queue.popleft()[1])
                except OSError:  # Its queue is full, or it is not up yet: lost, as on a router.
                    pass


class Machines:
    """`network`: "open", a rate that tc knows ("1gbit"), or a latency in ms ("2ms")."""

    def __init__(self):
        self.forwarder = None

    def make(self, network):
        for name in NAMES:
            must(f"ip netns add {name}")
            must(f"ip -n {name} link set lo up")
        if network.endswith("ms"):
            self.delay(float(network[:-2]) / 1e3)
        else:
            must(f"ip link add link0 netns {NAMES[0]} type veth peer name link0 netns {NAMES[1]}")
        for name, address in zip(NAMES, ADDRESSES):
            must(f"ip -n {name} addr add {address}/24 dev link0")
            must(f"ip -n {name} link set link0 up")
            if network.endswith("bit"):
                # What may go at once after a pause: 32 KB, or 100 us' worth.
                burst = 128 if network == "10gbit" else 32
                must(f"ip netns exec {name} tc qdisc add dev link0 root tbf rate {network} burst {burst}kb latency 50ms")

    def delay(self, seconds):
        tuns = [in_namespace(name, open_tun) for name in NAMES]
        for name in NAMES:
            must(f"ip -n {name} link set link0 mtu {TUN_MTU}")
        self.forwarder = os.fork()
        if self.forwarder == 0:
            try:
                forward(tuns, seconds)
            finally:
                os._exit(1)

    def remove(self):
        if self.forwarder:
            os.kill(self.forwarder, signal.SIGKILL)
            os.waitpid(self.forwarder, 0)
        for name in NAMES:
            subprocess.run(["ip", "netns", "del", name], check=False)


def receive(connection, length):
    while length > 0:
        length -= len(connection.recv(min(length, 1 << 20)))


def measure_network():
    """Seconds of a message of 64 bytes, bytes a second of a long one, both by TCP."""
    long_message = 1 << 24
    server = in_namespace(NAMES[1], socket.socket)
    server.bind((ADDRESSES[1], 5001))
    server.listen()
    child = os.fork()
    if child == 0:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(200):
            receive(connection, 64)
            connection.sendall(bytes(64))
        receive(connection, long_message)
        connection.sendall(b"1")
        os._exit(0)
    client = in_namespace(NAMES[0], socket.socket)
    client.connect((ADDRESSES[1], 5001))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    trips = []
    for _ in range(200):
        start = time.perf_counter()
        client.sendall(bytes(64))
        receive(client, 64)
        trips.append(time.perf_counter() - start)
    start = time.perf_counter()
    client.sendall(bytes(long_message))
    receive(client, 1)
    rate = long_message / (time.perf_counter() - start)
    os.waitpid(child, 0)
    return sorted(trips)[100] / 2, rate


def write_scripts(folder):
    def script(name, text):
        path = folder / name
        path.write_text("#!/bin/sh\n" + text + "\n")
        path.chmod(0o700)
        return path
    # The second one's processes have numbers of their own, as on another machine: no memory is shared.
    first = f"exec ip netns exec {NAMES[0]} unshare --uts sh -c 'hostname first; exec \"$@\"' sh \"$@\""
    second = (f"shift\nexec ip netns exec {NAMES[1]} unshare --uts --pid --fork --kill-child --mount-proc "
              "sh -c 'hostname second; eval \"$*\"; exit $?' sh \"$@\"")
    return (script("first.sh", first), script("agent.sh", second),
            script("rank.sh", 'exec taskset -c "$OMPI_COMM_WORLD_RANK" "$@"'))


def measure_steps(arguments, folder):
    first, agent, rank = write_scripts(folder)
    line = (f"{first} mpirun --allow-run-as-root --mca plm_rsh_agent {agent} --mca oob_tcp_if_include link0 "
            f"--mca btl_tcp_if_include link0 --mca pml ob1 --mca btl tcp,self --bind-to none "
            f"-H {ADDRESSES[0]}:1,{ADDRESSES[1]}:1 -n 2 {rank} {arguments.build}/bench/bench_ranks --model {arguments.model} "
            f"--rows {arguments.rows} --steps {arguments.steps} --rounds {arguments.rounds} --wire {arguments.wire}")
    done = must(line, stdout=subprocess.PIPE, text=True)
    cells = [cell.strip() for cell in done.stdout.strip().splitlines()[-1].strip("|").split("|")]
    size, alone, _, together, reduction = (float(cell) for cell in cells[3:8])
    return size * 1e6, alone / 1e3, together / 1e3, reduction / 1e3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--model", default="M1")
    parser.add_argument("--rows", type=int, default=16, help="of a rank")
    parser.add_argument("--network", default="open,100mbit,1gbit,10gbit,1ms")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wire", default="float32")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    for network in arguments.network.split(","):
        machines = Machines()
        try:
            machines.make(network)
            latency, rate = measure_network()
            with tempfile.TemporaryDirectory() as folder:
                size, alone, together, reduction = measure_steps(arguments, pathlib.Path(folder))
        finally:
            machines.remove()
        on_wire = 0.5 if arguments.wire == "bfloat16" else 1.0
        of_sum = scaling_model.direct(2, size, rate, latency, on_wire)
        of_step = scaling_model.seconds_of_step(alone, of_sum, 2, size, latency, on_wire)
        print(f"| {arguments.model} | {network} | {1e6 * latency:.0f} | {8e-9 * rate:.2f} | {1e3 * alone:.1f} | "
              f"{1e3 * reduction:.1f} | {1e3 * of_sum:.1f} | {1e3 * together:.1f} | {1e3 * of_step:.1f} | "
              f"{100 * (of_step / together - 1):+.0f} % |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
