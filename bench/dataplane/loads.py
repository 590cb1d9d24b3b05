"""The loads: each is made of a size, prepares the server, and is run against an address for so many seconds.

Sizes in bytes, `seconds` is what a run should take. Each record has a process of its own, which has never seen a client: so each
is warmed up, and a load learns a contestant's speed from that first, then from its last record. Knows no contestant: only
addresses.
"""

import csv
import functools
import json
import re
import subprocess
from pathlib import Path

from sengu_e2e import Connection
from sengu_e2e.proxy import ROOT

from .cpu import resident
from .record import Outcome

HERE = Path(__file__).resolve().parent
BUILT = ROOT / "build/support"
GIB = 1 << 30
LONGEST = 120                         # seconds that a client may take
WARM_UP = 0.1                         # seconds at least of requests, before a record
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]     # redis-benchmark tries for ever where it is refused
LITERAL_KEY = "key:__rand_int__"      # what redis-benchmark without -r uses, and what others may have left there


class RedisLoad:
    kind, unit = "redis", "request"

    def prepare(self, server):
        """Before each run, past the contestant."""

    def check(self, address, port):
        """That the contestant leads to the server. The heir that looks up what prepare() left there asks for that instead."""
        with Connection(address, port, timeout=10) as client:
            assert client.command("PING") == "PONG"


class OneKey(RedisLoad):
    """Of one key, with a value of `size`."""

    def __init__(self, size):
        self.size = size

    def prepare(self, server):
        with server.connect(timeout=10) as client:
            client.command("SET", LITERAL_KEY, "x" * self.size)

    def check(self, address, port):
        with Connection(address, port, timeout=10) as client:
            length = client.command("STRLEN", LITERAL_KEY)
            assert length == self.size, f"{length} bytes in {LITERAL_KEY}, not {self.size}"


class RedisBenchmark(OneKey):
    def __init__(self, command, clients, size=64, pipeline=1, keepalive=1):
        super().__init__(size)
        self.command, self.clients, self.pipeline, self.keepalive = command, clients, pipeline, keepalive
        self.rates = {}

    def warm_up(self, name, address, port):
        """In growing runs, until one is long enough to know the contestant's speed by; which the next ones begin with."""
        requests = max(2 * self._fewest, int(2 * WARM_UP * self.rates.get(name, 0)))
        while requests < WARM_UP * (rate := self._run(address, port, requests).rate):     # inf where it took less than a millisecond
            requests *= 4
        self.rates.setdefault(name, rate)

    def run(self, name, address, port, seconds, pids):
        outcome = self._run(address, port, max(int(self.rates[name] * seconds), self._fewest))
        self.rates[name] = outcome.rate
        return outcome

    @property
    def _fewest(self):
        return 2 * self.clients * self.pipeline

    def _run(self, address, port, requests):
        """redis-benchmark counts latency in steps of 8 us."""
        command = ["redis-benchmark", "-h", address, "-p", port, "-t", self.command, "-c", self.clients, "-n", requests,
                   "-P", self.pipeline, "-d", self.size, "-k", self.keepalive, "--csv"]
        (row,) = csv.DictReader(spoken(command).splitlines())
        return Outcome(requests, float(row["rps"]), float(row["p50_latency_ms"]), float(row["p99_latency_ms"]))


class OneByOne(OneKey):
    """GETs of one client, whose latencies are counted in ns."""

    def __init__(self, size=64):
        super().__init__(size)

    def warm_up(self, name, address, port):
        self.run(name, address, port, WARM_UP, [])

    def run(self, name, address, port, seconds, pids):
        reply = len(f"${self.size}\r\n") + self.size + len("\r\n")
        said = json.loads(spoken([latency_client(), address, port, LITERAL_KEY, reply, seconds]))
        return Outcome(said["requests"], said["requests"] / said["seconds"], said["p50"] / 1000, said["p99"] / 1000)


class Stream(RedisLoad):
    """A value of 256 MiB again and again; `requests` are GiB."""

    unit = "GiB"

    def __init__(self, direction, size=256 << 20, gib=2):
        self.direction, self.size, self.times = direction, size, max(1, int(gib * GIB / size))

    def prepare(self, server):
        if self.direction == "down":
            spoken([HERE / "stream_client.py", server.address, server.port, "up", self.size, 1])

    def warm_up(self, name, address, port):
        self._transfer(address, port, 1)

    def run(self, name, address, port, seconds, pids):
        return self._transfer(address, port, self.times)

    def _transfer(self, address, port, times):
        said = json.loads(spoken([HERE / "stream_client.py", address, port, self.direction, self.size, times]))
        assert said["bytes"] == self.size * times, said
        gib = said["bytes"] / GIB
        return Outcome(gib, gib / said["seconds"])


class Idle(RedisLoad):
    """Sessions that have had one PING each. The growth of the contestant's memory over what it had with two."""

    unit = "connection"

    def __init__(self, sessions):
        self.sessions = sessions

    def warm_up(self, name, address, port):
        for _ in range(2):
            self.check(address, port)

    def run(self, name, address, port, seconds, pids):
        before = resident(pids)
        client = subprocess.Popen([*DIES_WITH_US, HERE / "idle_client.py", address, str(port), str(self.sessions)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert client.stdout.readline() == "open\n", "not all idle connections were opened"
            grown = resident(pids) - before
        finally:
            client.communicate()
        return Outcome(self.sessions, 0.0, kib_per_session=grown / self.sessions / 1024 if pids else None)


class SysbenchLoad:
    """Without TLS. Latency is of one transaction, `requests` are queries."""

    kind, unit = "mysql", "query"
    tables, rows = 2, 10_000

    def __init__(self, script, threads):
        self.script, self.threads = script, threads

    def prepare(self, server):
        """Once for a server: tables stay."""
        if not getattr(server, "has_sysbench_tables", False):
            spoken([*self._command(server.address, server.port), "prepare"])
            server.has_sysbench_tables = True

    def check(self, address, port):
        """sysbench itself ends with an error where a row is not there."""

    def warm_up(self, name, address, port):
        spoken([*self._command(address, port), "--events=200", "run"])

    def run(self, name, address, port, seconds, pids):
        said = spoken([*self._command(address, port), f"--time={max(1, round(seconds))}", "--events=0", "--histogram=on", "run"])
        queries = int(re.search(r"^ +total: +(\d+)", said, re.MULTILINE)[1])
        rate = float(re.search(r"^ +queries: +\d+ +\(([\d.]+) per sec", said, re.MULTILINE)[1])
        return Outcome(queries, rate, percentile(said, 0.50), percentile(said, 0.99))

    def _command(self, address, port):
        return ["sysbench", self.script, "--db-driver=mysql", f"--mysql-host={address}", f"--mysql-port={port}",
                "--mysql-user=app", "--mysql-password=app", "--mysql-db=test", f"--tables={self.tables}",
                f"--table-size={self.rows}", f"--threads={self.threads}"]


def percentile(said, share):
    """Of sysbench's histogram: lines of `value |*** count`, ms."""
    buckets = [(float(value), int(count)) for value, count in re.findall(r"^ *([\d.]+) \|\** *(\d+)$", said, re.MULTILINE)]
    rank, seen = share * sum(count for _, count in buckets), 0
    for value, count in buckets:
        seen += count
        if seen >= rank:
            return value
    return None


@functools.cache
def latency_client():
    """Compiled once for a run of the bench: it takes less than looking whether it has to be."""
    program = BUILT / "latency_client"
    program.parent.mkdir(parents=True, exist_ok=True)
    spoken(["cc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", program, HERE / "latency_client.c"])
    return program


def spoken(command):
    """What a client says. It is a child of ours, so its CPU is known when it has ended."""
    try:
        done = subprocess.run([*DIES_WITH_US, *map(str, command)], capture_output=True, text=True, timeout=LONGEST, check=False,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{command[0]} did not end within {LONGEST} s") from None
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
    return done.stdout
