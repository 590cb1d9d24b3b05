"""HAProxy as a contestant: Debian's 2.6, whose splice-auto never splices here, and 3.2, whose does."""

import shutil

from sengu_e2e.proxy import ROOT

from .contestant import Program, first_line

# 9,000 sessions and their pipes must fit into 20,000 descriptors, or it does not start. No health checks, no logging.
CONFIGURATION = """global
  nbthread 1
  maxconn 9200
  maxpipes 300
defaults
  mode tcp
  option splice-auto
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen bench
  bind {address}:{port}
  server one {server}:{port}
"""


class Haproxy26(Program):
    name, host = "HAProxy 2.6", 21

    @staticmethod
    def program():
        return shutil.which("haproxy") or "/usr/sbin/haproxy"

    @classmethod
    def why_not(cls):
        return None if cls.version() else f"{cls.program()} does not start: deploy/install-deps bench"

    @classmethod
    def version(cls):
        return first_line(cls.program(), "-v")

    def arguments(self):
        configuration = self.directory / "haproxy.cfg"
        configuration.write_text(CONFIGURATION.format(address=self.address, port=self.port, server=self.server.address))
        return [self.program(), "-db", "-f", configuration]


class Haproxy32(Haproxy26):
    """Debian unstable's. When that has another 3.x, it is another peer than the one that the goals name."""

    name, host = "HAProxy 3.2", 22

    @staticmethod
    def program():
        return ROOT / "build/servers/haproxy3/haproxy"

    @classmethod
    def why_not(cls):
        version = cls.version()
        if not version:
            return "no HAProxy 3: tests/support/unpack-haproxy"
        return None if version.startswith("HAProxy version 3.2.") else f"the goals are against 3.2, and this is {version}"
