"""A real sengu process: its configuration, its ports, and what it says about itself."""

import copy
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from .process import Process
from .wait import eventually, let_pass

ROOT = Path(__file__).resolve().parents[3]


def binary():
    return Path(os.environ.get("SENGU_BINARY", ROOT / "build/release/sengu"))


PORTS = {"redis": (6379, 6380), "mysql": (3306, 3307)}   # of `listen` and of `read_listen`


class Sengu(Process):
    """One group by default. `health`, `failover`, `group`, `proxy`: more keys of those tables, as Python values.

    A group of kind "mysql" gets the users of mysql_data.py: monitor for sengu itself, repl for its replicas.
    """

    name = "sengu"

    def __init__(self, block, directory, nodes=(), name="g", readers=False, host=10, health=None, failover=None,
                 group=None, proxy=None, node_tables=None, prefix=(), kind="redis"):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.vip, self.kind = f"{block}.{host}", kind
        self.admin_address = f"{self.vip}:26379"
        self.group_name = name
        self.config = self.directory / "sengu.toml"
        self.log = self.directory / "sengu.log"
        self.prefix = list(prefix)
        self.port, _ = PORTS[kind]
        self.config.write_text("\n".join([
            table("proxy", {"name": "e2e", "workers": 2, "state_dir": str(self.directory / "state"),
                            "stop_grace": "1s", **(proxy or {})}),
            table("admin", {"listen": self.admin_address}),
            table("http", {"listen": f"{self.vip}:9126"}),
            self._group_tables(nodes, name, kind, readers, health, failover, group, node_tables)]))
        (self.directory / "state").mkdir(exist_ok=True)

    def _group_tables(self, nodes, name, kind, readers, health, failover, group, node_tables):
        port, read_port = PORTS[kind]
        listeners = {"listen": f"{self.vip}:{port}"}
        if readers:
            listeners["read_listen"] = f"{self.vip}:{read_port}"
        group_keys = {"name": name, "kind": kind, **listeners, **({} if node_tables else {"nodes": list(nodes)}),
                      **(self._accounts() if kind == "mysql" else {}), **(group or {})}
        return "\n".join([
            table("[group]", group_keys),
            table("group.health", {"interval": "100ms", "timeout": "500ms", "down_after": "1500ms", **(health or {})}),
            table("group.failover", {"cooldown": "1s", **(failover or {})}),
            *[table("[group.node]", node) for node in node_tables or ()]])

    def add_group(self, nodes, name, kind, readers=False, health=None, failover=None, group=None):
        """One more group behind the same VIP, of another kind than the others. Before start()."""
        with self.config.open("a") as config:
            config.write("\n" + self._group_tables(nodes, name, kind, readers, health, failover, group, None))

    def as_seen_for(self, name):
        """The same process, asked about another of its groups. After start(); it is ended through the first one."""
        other = copy.copy(self)
        other.group_name = name
        return other

    def _accounts(self):
        """The keys that name sengu's users on the servers; each one's password is its name."""
        files = {user: self.directory / f"{user}.password" for user in ("monitor", "repl")}
        for user, file in files.items():
            file.write_text(user + "\n")
            file.chmod(0o600)
        return {"username": "monitor", "password_file": str(files["monitor"]),
                "replication_username": "repl", "replication_password_file": str(files["repl"])}

    # -- the process

    def start(self, ready=True, within=20.0):
        assert binary().exists(), f"{binary()} is not built: tests/run builds it"
        self.launch([*self.prefix, binary(), "run", "--config", self.config])
        return self.wait_ready(within) if ready else self

    def wait_ready(self, within=20.0):
        eventually(self.ready, within, "sengu answers /readyz with 200")
        eventually(lambda: self.state()["route"]["state"] == "open", within, "sengu routes the group")
        return self

    def ready(self):
        self.must_run()
        return self.http("/readyz")[0] == 200

    def stop(self, within=15.0):
        """SIGTERM; returns the exit status."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"sengu did not stop within {within} s:\n{self.log_tail()}") from None
        return self.process.returncode if self.process else None

    # -- what it says

    def http(self, path, timeout=2.0):
        """(status, body); a refused connection is an OSError."""
        try:
            with urllib.request.urlopen(f"http://{self.vip}:9126{path}", timeout=timeout) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def state(self):
        """The group's object of /api/v1/groups."""
        document = json.loads(self.http("/api/v1/groups")[1])
        return next(group for group in document["groups"] if group["name"] == self.group_name)

    def node(self, name):
        return next(node for node in self.state()["nodes"] if node["name"] == name)

    def rejected(self):
        """{node: why it would not be promoted if the master died now}"""
        return {entry["node"]: entry["reason"] for entry in self.state()["if_master_died"]["rejected"]}

    def events(self, kind=None, node=None, text=""):
        document = json.loads(self.http("/api/v1/events")[1])
        found = document["events"] if isinstance(document, dict) else document
        return [event for event in found if kind in (None, event["event"]) and node in (None, event.get("node"))
                and text in event["text"]]

    def metrics(self):
        """{'sengu_group_epoch{group="g"}': 1.0, ...}"""
        lines = (line for line in self.http("/metrics")[1].splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def routed(self):
        """The name of the master that clients are sent to, or None."""
        state = self.state()
        return state["master"] if state["route"]["state"] == "open" else None

    def wait_routed(self, name=None, other_than=None, within=15.0):
        def there():
            self.must_run()
            master = self.routed()
            return master and (name is None or master == name) and master != other_than and master
        return eventually(there, within, f"routed to {name or 'a master'}")

    def sit_out_a_freeze(self, writers, master):
        """Frozen for 5 s, above its stall: it knows, looks anew, and lets the writers go on to the same master."""
        self.pause()
        let_pass(5)
        self.resume()
        continued = time.monotonic()
        eventually(lambda: writers.since(continued + 1), 20, "writers go on by themselves")
        self.wait_routed(master.name)
        eventually(lambda: self.events("-tilt"), what="it has looked anew")
        assert self.events("+tilt")[0]["reason"] == "tilt"

    # -- its operator

    def run(self, *arguments, admin=True, timeout=30, **options):
        """One CLI call; returns the CompletedProcess with text output."""
        command = [binary(), *arguments] + (["--admin", self.admin_address] if admin else [])
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)

    def check_live(self):
        """(exit code, what it printed, its findings), of servers as they are now, whether or not a sengu runs."""
        done = self.run("check", "--config", self.config, "--live", admin=False)
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout, [line[4:] for line in done.stdout.splitlines() if line.startswith("  ! ")]

    def inline(self, line):
        """An inline line to the admin port, as nc sends it; everything that comes back until it closes."""
        with socket.create_connection((self.vip, 26379), 5) as connection:
            connection.sendall(line.encode() + b"\r\nQUIT\r\n")
            chunks = []
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks).decode()


def table(name, keys):
    lines = [f"[{name}]"]
    for key, value in keys.items():
        lines.append(f"{key} = {json.dumps(value)}")   # strings, numbers, booleans and lists of them: JSON is TOML here
    return "\n".join(lines) + "\n"
