"""sengu as a contestant, with everything on: limits, health checks, its log, and a scrape of its metrics every second."""

import contextlib
import functools
import os
import subprocess
import tempfile
import threading

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
            check = subprocess.run([binary(), "check", "--config", proxy.config], capture_output=True, text=True, timeout=20,
                                   check=False)
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
        self.scrapes.start()

    def stop(self):
        self.scrapes.stop()
        self.proxy.kill()

    def facts(self):
        return self.scrapes.facts()

    def log_tail(self):
        return self.proxy.log_tail()


class BusyPolling(SenguContestant):
    name, host = "sengu busy_poll", 31
    proxy_keys = {"busy_poll": "50us"}


def make(directory, host, kind, nodes, proxy_keys):
    return Sengu(network.BLOCK, directory, nodes, host=host, kind=kind, health=AS_DELIVERED,
                 failover={"cooldown": "30s"}, group={"max_connections": LIMIT},
                 proxy={"workers": 1, "stop_grace": "10s", "max_connections": LIMIT, **proxy_keys})


class Scrapes:
    """Reads the metrics every second, as Prometheus would, for as long as sengu runs."""

    def __init__(self, proxy):
        self.proxy, self.count, self.last = proxy, 0, {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.first, self.count = self.proxy.metrics(), 1
        self._thread.start()

    def _run(self):
        while not self._stop.wait(SCRAPE_EACH):
            with contextlib.suppress(OSError):     # busy: Prometheus would miss that one too
                self.last = self.proxy.metrics()
                self.count += 1

    def stop(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def facts(self):
        """What shows that nothing was switched off."""
        with contextlib.suppress(OSError):
            self.last = self.proxy.metrics()
        probes = sum(value - self.first.get(name, 0) for name, value in self.last.items()
                     if name.startswith("sengu_probe_duration_seconds_count"))
        sessions = sum(value for name, value in self.last.items() if name.startswith("sengu_sessions_total"))
        return {"scrapes": self.count, "probes": probes, "sessions": sessions, "limit": LIMIT,
                "threads": len(os.listdir(f"/proc/{self.proxy.process.pid}/task"))}
