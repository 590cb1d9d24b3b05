"""Real redis-server processes on loopback addresses of their own, and a group of them wired as master and replicas."""

import contextlib
import os
import shutil
from pathlib import Path

from . import resp
from .process import Process
from .resp import ReplyError
from .server_group import ServerGroup
from .wait import eventually


def program():
    """The server under test: tests/run --servers names others than the system's (tests/support/unpack-redis)."""
    return os.environ.get("SENGU_REDIS_SERVER", "redis-server")


class RedisServer(Process):
    """`certificates`: it speaks TLS only, and so does everything here that asks it."""

    def __init__(self, address, directory, port=6379, appendonly=False, save=False, password=None, options=(),
                 certificates=None):
        self.address, self.port = address, port
        self.directory = Path(directory)
        self.options = ["--bind", address, "--bind-source-addr", address, "--port", port, "--dir", self.directory,
                        "--appendonly", "yes" if appendonly else "no", "--save", "900 1" if save else "",
                        "--repl-diskless-sync-delay", 0, "--protected-mode", "no",
                        "--logfile", self.log, *options]
        if password:
            self.options += ["--requirepass", password, "--masterauth", password]
        self.tls = None
        if certificates:
            self.options += certificates.redis_options(port)
            self.tls = certificates.careless_context()
        self.password = password

    @property
    def name(self):
        return f"{self.address}:{self.port}"

    @property
    def log(self):
        return self.directory / "redis.log"

    def start(self, replica_of=None, empty=False, wait=True):
        """With an existing redis.conf (written by CONFIG REWRITE) that file is used, as on a real host."""
        if empty:
            shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        conf = self.directory / "redis.conf"
        if not conf.exists():
            lines = [f"{key[2:]} {_quoted(value)}" for key, value in zip(self.options[::2], self.options[1::2])]
            if replica_of:
                lines.append(f"replicaof {replica_of.address} {replica_of.port}")
            conf.write_text("\n".join(lines) + "\n")
        self.launch([program(), conf])
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, within=10.0):
        def answers():
            self.must_run()
            return self.info("persistence")["loading"] == "0"
        eventually(answers, within, f"redis-server {self.name} answers")

    def forget_config(self):
        """The next start comes up as configured at first, whatever CONFIG REWRITE wrote: a master of its own."""
        (self.directory / "redis.conf").unlink(missing_ok=True)

    # -- alive, and of no use: within each of these blocks every new client gets that error

    @contextlib.contextmanager
    def busy(self, seconds):
        """-BUSY for so long, from a script that has written: SCRIPT KILL is refused. Only ends with it.

        For servers on which TIME goes on within a script, as on Redis 7.0.
        """
        self.ask("CONFIG", "SET", "busy-reply-threshold", 50)
        with self.connect(timeout=10 * seconds) as script:
            script.send("EVAL", "redis.call('SET', 'busy', '') "
                                "local function now() local t = redis.call('TIME') return t[1] + t[2] / 1e6 end "
                                f"local begun = now() while now() - begun < {seconds} do end", 0)
            eventually(lambda: self.refuses("BUSY"), 10, "BUSY")
            yield
            script.read()

    @contextlib.contextmanager
    def full(self):
        """-ERR max number of clients; those who were connected are thrown out."""
        with self.connect() as operator:
            allowed = operator.command("CONFIG", "GET", "maxclients")[1]
            operator.command("CONFIG", "SET", "maxclients", 1)
            operator.command("CLIENT", "KILL", "TYPE", "normal")
            eventually(lambda: self.refuses("ERR max number of clients"), 10, "full")
            yield
            operator.command("CONFIG", "SET", "maxclients", allowed)

    @contextlib.contextmanager
    def loading(self, seconds):
        """-LOADING for about so long, and the same process: it reads back its own data, slowly.

        Only ends with it. Needs the option enable-debug-command, and some thousand keys.
        """
        self.ask("CONFIG", "SET", "loading-process-events-interval-bytes", 1024)
        self.ask("CONFIG", "SET", "key-load-delay", int(seconds * 1e6 / self.ask("DBSIZE")))
        with self.connect(timeout=10 * seconds) as operator:
            operator.send("DEBUG", "RELOAD")
            eventually(lambda: self.refuses("LOADING"), 10, "LOADING")
            yield
            operator.read()
            operator.command("CONFIG", "SET", "key-load-delay", 0)

    @contextlib.contextmanager
    def password_changed(self, password="changed"):
        """-WRONGPASS for everyone who had the old one; those who were connected are thrown out."""
        known = self.password
        self.ask("CONFIG", "SET", "requirepass", password)
        self.password = password
        self.ask("CLIENT", "KILL", "TYPE", "normal")
        yield
        self.ask("CONFIG", "SET", "requirepass", known)
        self.password = known

    def refuses(self, error):
        return self._refuses(error, "GET", "any")

    def refuses_write(self, error):
        return self._refuses(error, "SET", "any", "")

    def _refuses(self, error, *words):
        try:
            self.ask(*words)
        except ReplyError as refusal:
            return str(refusal).startswith(error)
        return False

    def connect(self, timeout=5.0):
        connection = resp.Connection(self.address, self.port, timeout, tls=self.tls)
        if self.password:
            connection.command("AUTH", self.password)
        return connection

    def ask(self, *words, timeout=2.0):
        return resp.ask(self.address, *words, port=self.port, timeout=timeout, password=self.password, tls=self.tls)

    def info(self, section="replication", timeout=2.0):
        return resp.info(self.address, section, self.port, timeout, self.password, self.tls)

    def release(self):
        """("redis", "7.0.15"), as the server says of itself. Valkey calls itself redis 7.2.4 too, for old clients' sake."""
        said = self.info("server")
        return ("valkey", said["valkey_version"]) if "valkey_version" in said else ("redis", said["redis_version"])

    def role(self):
        return self.info()["role"]

    def follows(self, master):
        seen = self.info()
        return (seen["role"] == "slave" and seen["master_host"] == master.address
                and int(seen["master_port"]) == master.port and seen["master_link_status"] == "up")

    def keys(self):
        """Every key, by SCAN (a big KEYS would hold the server up)."""
        found, cursor = set(), "0"
        with self.connect() as connection:
            while True:
                cursor, page = connection.command("SCAN", cursor, "COUNT", 5000)
                found.update(page)
                if cursor == "0":
                    return found

    def fill(self, count, size=8, prefix="fill"):
        with self.connect() as connection:
            for first in range(0, count, 1000):
                numbers = range(first, min(count, first + 1000))
                for number in numbers:
                    connection.send("SET", f"{prefix}:{number}", "x" * size)
                for _ in numbers:
                    connection.read()


class RedisGroup(ServerGroup):
    kind = "redis"

    def __init__(self, block, directory, count=3, first_host=11, **options):
        self.nodes = [RedisServer(f"{block}.{first_host + i}", Path(directory) / f"redis{i + 1}", **options)
                      for i in range(count)]

    def start(self):
        master, *replicas = self.nodes
        master.start(wait=False)
        for replica in replicas:
            replica.start(replica_of=master, wait=False)
        for node in self.nodes:
            node.wait_ready()
        self.wait_synced(master)
        return self

    def wait_linked(self, master, within=20.0):
        """As wait_replicating, but a chain of replicas will do."""
        def linked(node, hops=len(self.nodes)):
            seen = node.info()
            if seen["role"] != "slave" or seen["master_link_status"] != "up" or hops == 0:
                return False
            above = next(other for other in self.nodes if other.address == seen["master_host"])
            return above is master or linked(above, hops - 1)
        for replica in self.replicas(master):
            eventually(lambda r=replica: linked(r), within, f"{replica.name} is fed by {master.name}")

    def wait_synced(self, master, within=20.0):
        """Every live replica acknowledges a write of now.

        `master_link_status:up` is not enough: a replica says so up to a second before the master starts its stream.
        """
        self.wait_replicating(master, within)
        replicas = len(self.replicas(master))
        with master.connect(timeout=within + 1) as connection:
            connection.command("PUBLISH", "sengu-e2e", "sync")    # moves the offset, leaves no key
            reached = connection.command("WAIT", replicas, int(within * 1000))
        assert reached >= replicas, f"{reached} of {replicas} replicas acknowledged within {within:g} s"

    def masters(self):
        return [node for node in self.nodes if node.alive and node.role() == "master"]


def _quoted(value):
    text = str(value)
    return text if text and " " not in text or text == "900 1" else '"%s"' % text
