"""sengu as a contestant, with everything on: limits, health checks, its log as delivered, a scrape of its metrics every second.

What of it was on while the load ran is told by sengu's own metrics of that time.
"""

import contextlib
import functools
import os
import tempfile
import threading
import tomllib

from sengu_e2e import Sengu
from sengu_e2e.proxy import binary

from . import network
from .contestant import Contestant, first_line

LIMIT = 9200                       # sessions; two descriptors each must fit into 20,000
AS_DELIVERED = {"interval": "500ms", "timeout": "500ms", "down_after": "3s"}
SCRAPE_EACH = 1.0                  # seconds


class SenguContestant(Contestant):
    name, host = "sengu", 30
    proxy_keys = {}

    def __init__(self, directory, kind, server):
        super().__init__(directory, kind, server)
        self.proxy = make(directory, self.host, kind, [server.name], self.proxy_keys)
        self.scrapes = Scrapes(self.proxy)

    @classmethod
    def why_not(cls):
        if not binary().exists():
            return f"{binary()} is not built"
        return cls.refused()

    @classmethod
    @functools.cache
    def refused(cls):
        """What `sengu check` says of the configuration; None if it is right."""
        with tempfile.TemporaryDirectory() as directory:
            proxy = make(directory, cls.host, "redis", [f"{network.BLOCK}.11:6379"], cls.proxy_keys)
            check = proxy.run("check", "--config", proxy.config, admin=False)
            said = (check.stdout + check.stderr).strip().replace(str(proxy.config), "sengu.toml")
            return None if check.returncode == 0 else said

    @classmethod
    def version(cls):
        return first_line(binary(), "--version")

    @property
    def pids(self):
        return [self.proxy.process.pid]

    def start(self):
        self.proxy.start()

    def stop(self):
        self.proxy.kill()

    def observed(self):
        return self.scrapes

    def facts(self):
        return {**self.scrapes.facts(), "limits": limits(self.proxy),
                "threads": len(os.listdir(f"/proc/{self.proxy.process.pid}/task"))}

    def log_tail(self):
        return self.proxy.log_tail()


class BusyPolling(SenguContestant):
    name, host = "sengu busy_poll", 31
    proxy_keys = {"busy_poll": "50us"}


def make(directory, host, kind, nodes, proxy_keys):
    return Sengu(network.BLOCK, directory, nodes, host=host, kind=kind, health=AS_DELIVERED,
                 failover={"cooldown": "30s"}, group={"max_connections": LIMIT},
                 proxy={"workers": 1, "stop_grace": "10s", "max_connections": LIMIT, **proxy_keys})


def limits(proxy):
    """What sengu says that max_connections are, of the process and of the group, as it reads its file. 0: no limit."""
    effective = tomllib.loads(proxy.run("check", "--print", "--config", proxy.config, admin=False).stdout)
    return [table["max_connections"] for table in (effective["proxy"], *effective["group"])]


class Scrapes:
    """`with Scrapes(proxy) as scrapes`: the metrics are read at once, every second, as Prometheus would, and at the end."""

    def __init__(self, proxy):
        self.proxy, self.read = proxy, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._once()

    def _run(self):
        self._once()
        while not self._stop.wait(SCRAPE_EACH):
            self._once()

    def _once(self):
        with contextlib.suppress(OSError):     # busy: Prometheus would miss that one too
            self.read.append(self.proxy.metrics())

    def facts(self):
        """What happened between the first and the last."""
        return {"scrapes": len(self.read), "probes": self._grown("sengu_probe_duration_seconds_count"),
                "sessions": self._grown("sengu_sessions_total")}

    def _grown(self, counter):
        first, *_, last = self.read if len(self.read) > 1 else ({}, {})
        return sum(value - first.get(name, 0) for name, value in last.items() if name.startswith(counter))
