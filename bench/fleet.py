"""The stage of bench/nodes: thousands of fake Redis servers in one process, and one sengu that watches all of them.

Addresses are the responder's (nodes_responder/fleet.hpp): 127.<64 + place>.x.y. Groups listen on 127.80.x.y:6379.
"""

import fcntl
import json
import os
import select
import socket
import subprocess
import threading
import urllib.request
from datetime import datetime
from pathlib import Path

from dataplane.cpu import resident
from sengu_e2e import Connection, eventually
from sengu_e2e.process import Process, spawn
from sengu_e2e.proxy import binary

PLACES = 3
HOSTS_PER_NET = 250
ADMIN, HTTP = ("127.81.0.1", 26379), ("127.81.0.1", 9126)


def host(net, group):
    return f"127.{net}.{group // HOSTS_PER_NET}.{1 + group % HOSTS_PER_NET}"


def node(group, place):
    return f"{host(64 + place, group)}:{7000 if place == 0 else 7001 + group % 16}"


class Responder:
    """All the servers. Ends with its stdin."""

    def __init__(self, groups):
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", binary().parent / "sengu_nodes_responder", str(groups)],
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.groups = self._read()["groups"]

    def _read(self):
        line = self.process.stdout.readline()
        assert line, f"the responder ended with {self.process.wait()}"
        return json.loads(line)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self._read()

    def promotions(self):
        """Group -> seconds from its master's death to REPLICAOF NO ONE."""
        return {group: microseconds / 1e6 for group, microseconds in self.ask("promotions")["promotions"]}

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Watcher(Process):
    """sengu with one worker. `log`: a path where its log goes, instead of into a file of its own."""

    name = "sengu"

    def __init__(self, directory, groups, interval=1.0, log=None, sessions="errors"):
        self.directory, self.groups = Path(directory), groups
        self.directory.mkdir(parents=True)
        self.log = self.directory / "sengu.log"
        self._logs_to = log or self.log
        self.config = self.directory / "sengu.toml"
        self.config.write_text("\n".join([
            "[proxy]", 'name = "bench"', "workers = 1", f'state_dir = "{self.directory}/state"',
            "[admin]", f'listen = "{ADMIN[0]}:{ADMIN[1]}"', "[http]", f'listen = "{HTTP[0]}:{HTTP[1]}"',
            "[log]", f'sessions = "{sessions}"', *(self._group(group, interval) for group in range(groups))]))

    @staticmethod
    def _group(group, interval):
        nodes = ", ".join(f'"{node(group, place)}"' for place in range(PLACES))
        return (f'[[group]]\nname = "g{group}"\nkind = "redis"\nlisten = "{host(80, group)}:6379"\nnodes = [{nodes}]\n'
                f'[group.health]\ninterval = "{interval * 1000:.0f}ms"')

    def start(self):
        self.process = spawn([binary(), "run", "--config", self.config], self._logs_to)

    def get(self, path):
        with urllib.request.urlopen(f"http://{HTTP[0]}:{HTTP[1]}{path}", timeout=10) as answer:
            return answer.read().decode()

    def wait_ready(self, responder, within=120):
        """Every group is routed and has a candidate, and every question of the start is answered."""
        def settled():
            self.must_run()
            lines = self.get("/metrics").splitlines()
            good = sum(line.startswith(("sengu_group_master_up{", "sengu_group_candidate{")) and line.endswith(" 1") for line in lines)
            return good == 2 * self.groups and responder.ask("connections")["now"] == PLACES * self.groups
        eventually(settled, within, "every group is routed and has a candidate", every=0.25)

    def control_seconds(self):
        """CPU of the control thread, which is the process's first, since its start."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def resident_bytes(self):
        return resident([self.process.pid])

    def switches(self):
        """Group -> Unix time of its +switch-master, from the log."""
        switched = {}
        for line in self.log_text().splitlines():
            words = line.split()
            if len(words) > 3 and words[2] == "+switch-master":
                switched[int(words[3][1:])] = datetime.fromisoformat(words[0].replace("Z", "+00:00")).timestamp()
        return switched


class LogPipe:
    """A small pipe for the log of a sengu, which is read, or left until whoever writes must wait."""

    def __init__(self):
        self._reads, self._writes = os.pipe()
        self.path = f"/proc/self/fd/{self._writes}"
        fcntl.fcntl(self._writes, fcntl.F_SETPIPE_SZ, 4096)
        self._reading, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.read()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self.read()
        self._thread.join()
        os.close(self._reads)
        os.close(self._writes)

    def read(self):
        self._reading.set()

    def leave(self):
        """What is read already is let go; then nothing is."""
        self._reading.clear()

    def _run(self):
        while not self._done.is_set():
            if self._reading.wait(0.05) and select.select([self._reads], [], [], 0.05)[0]:
                os.read(self._reads, 65536)


def server_behind(group):
    """The host of the server that a client of the group is led to, where that is a master."""
    with Connection(host(80, group), timeout=10) as client:
        role, address = client.command("ROLE")
        assert role == "master", f"g{group}: routed to a {role}"
        return address


def come_and_go(groups, every, until):
    """Clients one after another, each of the next group, for the session log; how many there were."""
    count = 0
    while not until.wait(every):
        with socket.create_connection((host(80, count % groups), 6379), 5) as client:
            client.sendall(b"*1\r\n$4\r\nPING\r\n")
            client.recv(64)
        count += 1
    return count


def scrape(watcher, every, until):
    """Reads the metrics at once, and again and again; how often it did."""
    count = 0
    while True:
        watcher.get("/metrics")
        count += 1
        if until.wait(every):
            return count
