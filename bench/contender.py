"""Processes that run blocks of training steps when told to, and whether others used the machine meanwhile."""
import glob
import os
import resource
import statistics
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
# A block is thrown away where others had more than this share of it.
MOST_FOREIGN = 0.03


def busy_seconds():
    """Of all cores and all processes, and what the host took from them."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, soft_irq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + soft_irq + steal) / TICKS


def processes_running():
    with open("/proc/stat", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("procs_running"))


def seconds_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def own_seconds():
    """Of this process and of its children that have ended."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in (own, ended))


def wait_until_quiet(most=2.0):
    end = time.monotonic() + most
    while processes_running() > 1 and time.monotonic() < end:
        time.sleep(0.02)


class Watch:
    """Between start and end: what part of the cores' time did others use?"""

    def __init__(self, pids):
        self.pids = pids
        wait_until_quiet()
        self.start = time.monotonic()
        self.foreign = busy_seconds() - self.own()

    def own(self):
        return own_seconds() + sum(seconds_of(pid) for pid in self.pids)

    def disturbed(self):
        foreign = busy_seconds() - self.own() - self.foreign
        taken = time.monotonic() - self.start
        # The clocks count in hundredths of a second.
        return foreign > max(MOST_FOREIGN * taken * os.cpu_count(), 3.0 / TICKS)


class Process:
    """Answers lines with lines."""

    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **environment})
        self.description = self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended: exit code {self.process.wait()}")
        return line.strip()

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.line()


class Contender(Process):
    """A process that takes training steps. Figures are of undisturbed blocks, if there were any."""

    def __init__(self, name, command, environment):
        super().__init__(name, command, environment)
        self.command, self.environment = command, environment
        self.blocks = []
        self.disturbed = []
        self.loss = float("nan")
        self.peak_bytes = 0
        self.starts = []  # Seconds from process start to first step, and from fit to first step.
        self.disturbed_starts = []

    def block(self, seconds):
        """True if nobody else was at work."""
        watch = Watch([self.process.pid])
        steps, taken, processor, faults, loss = self.ask(f"block {seconds}").split()
        self.loss = float(loss)
        steps = int(steps)
        block = {"ms": 1e3 * float(taken) / steps, "processor": 1e3 * float(processor) / steps,
                 "faults": int(faults) / steps}
        good = not watch.disturbed()
        (self.blocks if good else self.disturbed).append(block)
        return good

    def forget(self):
        self.blocks, self.disturbed = [], []

    def start(self):
        """Starts a process anew and waits for its first step."""
        watch = Watch([])
        begin = time.monotonic()
        result = subprocess.run(self.command + ["--first"], env={**os.environ, **self.environment},
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True)
        times = (time.monotonic() - begin, float(result.stdout.split()[0]))
        (self.disturbed_starts if watch.disturbed() else self.starts).append(times)

    def report(self):
        """The steps of the plan, and the sizes of its memories by name."""
        steps, sizes = [], {}
        line = self.ask("report")
        while line != ".":
            words = line.split("\t")
            if len(words) == 2:
                sizes[words[0]] = int(words[1])
            else:
                steps.append({"op": words[0], "layer": words[1], "implementation": words[2],
                              "operations": float(words[3]), "bytes": float(words[4]),
                              "seconds": float(words[5])})
            line = self.line()
        return steps, sizes

    def end(self):
        self.peak_bytes = 1024 * int(self.ask("quit"))
        self.process.wait()

    def values(self, what):
        return [block[what] for block in self.blocks or self.disturbed]

    def median(self, what="ms"):
        return statistics.median(self.values(what))

    def spread(self):
        ordered = sorted(self.values("ms"))
        return ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]

    def start_medians(self):
        times = self.starts or self.disturbed_starts
        return tuple(statistics.median(each) for each in zip(*times))


class Limits(Process):
    """Measures what the machine can do, in the same run."""

    def __init__(self, command, environment):
        super().__init__("bench_limits", command, environment)
        self.blocks = []
        self.disturbed = []

    def block(self, seconds, precision):
        watch = Watch([self.process.pid])
        rates = tuple(map(float, self.ask(f"block {seconds} {precision}").split()))
        (self.disturbed if watch.disturbed() else self.blocks).append(rates)

    def end(self):
        self.process.stdin.close()
        self.process.wait()

    def medians(self):
        """GFLOP/s of a matrix product (0: not in this precision), GB/s of a copy."""
        return tuple(statistics.median(each) for each in zip(*(self.blocks or self.disturbed)))


def tuned_environment(threads):
    """The settings that PyTorch of Debian was fastest with: memory that malloc never gives back, and
    OpenBLAS on OpenMP's threads, for on threads of its own it fights with them."""
    environment = {"MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_MMAP_THRESHOLD_": "4000000000",
                   "MALLOC_TOP_PAD_": "400000000", "OMP_NUM_THREADS": str(threads)}
    blas = glob.glob("/usr/lib/*/openblas-openmp")
    if blas:
        environment["LD_LIBRARY_PATH"] = blas[0]
    return environment
