"""What can stand between a client and the server, nothing and the kernel's redirect included; the peers are in their own files.

A contestant is made and started for each record, and ended after it: nobody inherits memory or sockets.
"""

import contextlib
import socket
import subprocess

from sengu_e2e import eventually
from sengu_e2e.process import Process
from sengu_e2e.proxy import PORTS

from . import network


class Contestant:
    """The heir has a `name`, which is its column, and a `host`, the last number of its address; `kinds` is what it can stand before.
    `directory` is its own, `server` is asked for its address."""

    kinds = ("redis", "mysql")

    def __init__(self, directory, kind, server):
        self.directory, self.kind, self.server = directory, kind, server
        self.port, _ = PORTS[kind]

    @classmethod
    def why_not(cls):
        """Why it cannot take part here; None if it can."""

    @classmethod
    def version(cls):
        """One line, for the record."""
        return ""

    @property
    def address(self):
        return f"{network.BLOCK}.{self.host}"

    @property
    def pids(self):
        """Its processes, whose CPU and memory count."""
        return []

    def start(self):
        pass

    def stop(self):
        pass

    def observed(self):
        """A context manager: what lasts as long as the load."""
        return contextlib.nullcontext()

    def facts(self):
        """What it says of itself after the load, to be kept with the record."""
        return {}

    def log_tail(self):
        return ""


class Direct(Contestant):
    """The server's own address."""

    name, host = "direct", 11


class Redirect(Contestant):
    """The floor of any layer 4 proxy: the kernel rewrites addresses, and no byte is copied by anybody."""

    name, host, kinds = "nft redirect", 20, ("redis",)
    table = "sengu_bench"

    @classmethod
    def why_not(cls):
        """Whether the kernel and nft can do it shows when it is done."""
        try:
            network.redirect(cls.table, f"{network.BLOCK}.{cls.host}", f"{network.BLOCK}.{Direct.host}", 1)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"{error}: {getattr(error, 'stderr', '')}".strip(": \n")
        finally:
            network.remove(cls.table)
        return None

    def start(self):
        network.redirect(self.table, self.address, self.server.address, self.port)

    def stop(self):
        network.remove(self.table)


class Program(Process, Contestant):
    """A peer that is a process. The heir has arguments() and writes its configuration there."""

    def __init__(self, directory, kind, server):
        Contestant.__init__(self, directory, kind, server)
        self.log = directory / "log"

    def start(self):
        self.launch(self.arguments())
        eventually(self._listens, 20, f"{self.name} listens")

    def _listens(self):
        self.must_run()
        with socket.create_connection((self.address, self.port), 1):
            return True

    @property
    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.kill()


def first_line(*command):
    """Of what a program says of its version, on either stream; empty where it cannot be started."""
    with contextlib.suppress(OSError, IndexError, subprocess.TimeoutExpired):
        said = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20, check=False)
        return (said.stdout + said.stderr).strip().splitlines()[0]
    return ""
