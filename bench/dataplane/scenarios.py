"""The rows that bench/run measures: a load, and who takes part in it."""

from dataclasses import dataclass

from .contestant import Direct, Redirect
from .haproxy import Haproxy26, Haproxy32
from .loads import Idle, OneByOne, RedisBenchmark, Stream, SysbenchLoad
from .mysql_router import MySqlRouter
from .nginx import Nginx
from .our_proxy import BusyPolling, SenguContestant

EVERYONE = (Direct, Redirect, Haproxy26, Haproxy32, Nginx, MySqlRouter, SenguContestant)
CHEAP = (Direct, Haproxy26, Nginx, SenguContestant)     # what apt has: for continuous integration
KIB, MIB = 1 << 10, 1 << 20


@dataclass
class Scenario:
    name: str
    label: str
    load: object
    contestants: tuple = EVERYONE
    also: tuple = ()
    short: bool = False                      # is measured by --short too
    short_load: object = None

    def who(self):
        return [who for who in (*self.contestants, *self.also) if self.load.kind in who.kinds]


PROXIES = tuple(who for who in EVERYONE if who not in (Direct, Redirect))

SCENARIOS = [
    Scenario("get-c1", "GET 64 B, 1 client", OneByOne(), also=(BusyPolling,), short=True),
    Scenario("get-c50", "GET 64 B, 50 clients", RedisBenchmark("get", 50), short=True),
    Scenario("get-c500", "GET 64 B, 500 clients", RedisBenchmark("get", 500), short=True),
    Scenario("get-p16", "GET 64 B, 50 clients, pipeline 16", RedisBenchmark("get", 50, pipeline=16)),
    Scenario("set-c50", "SET 64 B, 50 clients", RedisBenchmark("set", 50)),
    Scenario("get-64k", "GET 64 KiB, 50 clients", RedisBenchmark("get", 50, size=64 * KIB)),
    Scenario("get-1m", "GET 1 MiB, 10 clients", RedisBenchmark("get", 10, size=MIB), short=True),
    Scenario("stream-down", "values of 256 MiB to the client", Stream("down"), short=True, short_load=Stream("down", gib=0.5)),
    Scenario("stream-up", "values of 256 MiB to the server", Stream("up"), short=True, short_load=Stream("up", gib=0.5)),
    Scenario("connect", "new connections, 50 clients", RedisBenchmark("get", 50, keepalive=0), short=True),
    Scenario("idle", "idle sessions", Idle(9000), contestants=PROXIES, short=True, short_load=Idle(2000)),
    *[Scenario(f"{row}-{threads}", f"sysbench {script}, {threads} thread{'s' * (threads > 1)}", SysbenchLoad(script, threads))
      for row, script in (("point-select", "oltp_point_select"), ("read-write", "oltp_read_write")) for threads in (1, 16, 64)],
]


def shortened():
    """The same rows, fewer of them, smaller, and beside peers that are cheap to install."""
    return [Scenario(row.name, row.label, row.short_load or row.load,
                     tuple(who for who in row.contestants if who in CHEAP)) for row in SCENARIOS if row.short]


def chosen(words, scenarios):
    """Those that the words name: a row by its name, or all rows that begin with a word ('get', 'point-select').

    Raises KeyError with a word that names none.
    """
    for word in words:
        if not any(named(word, row) for row in scenarios):
            raise KeyError(word)
    return [row for row in scenarios if not words or any(named(word, row) for word in words)]


def named(word, row):
    return row.name == word or row.name.startswith(f"{word}-")
