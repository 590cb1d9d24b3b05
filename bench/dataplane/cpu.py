"""Who used how much CPU while a load ran: the contestant, the server, the client, the bench itself, and strangers.

A process's CPU is its own clock: the scheduler's sum over all of its threads, in ns. schedstat has the same sum, but only of
threads that still live, and mysqld's end with their clients.
"""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()


@dataclass
class Usage:
    """Seconds of CPU, but for `elapsed`, and `foreign`: the share of the machine that went to nobody of ours."""
    elapsed: float
    proxy: float
    server: float
    client: float
    foreign: float


class Meter:
    """`with Meter(proxy=[pid], server=[pid]) as meter: ...` and then meter.usage."""

    def __init__(self, proxy, server):
        self.proxy, self.server = proxy, server

    def __enter__(self):
        self.before = self._reading()
        return self

    def __exit__(self, error, *_):
        if error is not None:      # who ended with it has no clock any more
            return
        elapsed, proxy, server, client, own, busy = (now - then for now, then in zip(self._reading(), self.before))
        foreign = max(0.0, busy - proxy - server - client - own) / (elapsed * CORES)
        self.usage = Usage(elapsed, proxy, server, client, foreign)

    def _reading(self):
        return (time.monotonic(), on_cpu(self.proxy), on_cpu(self.server), children(), time.process_time(), machine_busy())


def on_cpu(pids):
    """Raises OSError where one of them has ended."""
    return sum(time.clock_gettime(cpu_clock(pid)) for pid in pids)


def cpu_clock(pid):
    """Of a process, threads that ended included: what clock_getcpuclockid(3) gives, which Python does not have."""
    return (~pid << 3) | 2


def children():
    """Of children that have ended: the clients of the load."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def machine_busy():
    """user, nice, system, irq, softirq, steal of all cores."""
    numbers = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(numbers[:3]) + sum(numbers[5:8])) * TICK


def resident(pids):
    """Bytes."""
    return sum(int(line.split()[1]) * 1024 for pid in pids
               for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
