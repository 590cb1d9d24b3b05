"""Addresses of a test's own, and a network of its own in which packets can be dropped."""

import ctypes
import os
import random
import socket
import subprocess

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_claims = []


def claim_block():
    """'127.x.y': a /24 that no other live test process uses. The bound socket is the claim: it ends with us."""
    while True:
        block = f"127.{random.randint(100, 250)}.{random.randint(0, 255)}"
        claim = socket.socket()
        try:
            claim.bind((block + ".254", 1024))
            claim.listen(1)
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return block


class Namespace:
    """A network namespace without a name: this thread, and what it starts from now on, lives in it until leave().

    Everything talks over its loopback device; rules drop silently on input, as a cut cable does (no RST, no error).
    Redis servers use their own address for outgoing connections (bind-source-addr), sengu and the tests use 127.0.0.1:
    so rules can tell them apart. Until the first cut() there is no rule and no hook that a packet would pass. Needs root.
    """

    cuts = False

    def __init__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def leave(self):
        if _libc.setns(self.home, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(self.home)

    def cut(self, a, b=None):
        """Drops everything between two addresses, or with b=None everything from and to one (a host that is gone)."""
        if b is None:
            rules = [f"ip saddr {a} drop", f"ip daddr {a} drop"]
        else:
            rules = [f"ip saddr {a} ip daddr {b} drop", f"ip saddr {b} ip daddr {a} drop"]
        if not self.cuts:
            self._nft("add table ip cut; add chain ip cut in { type filter hook input priority 0; policy accept; }")
            self.cuts = True
        self._nft("; ".join(f"add rule ip cut in {rule}" for rule in rules))

    def heal(self):
        if self.cuts:
            self._nft("flush chain ip cut in")

    @staticmethod
    def _nft(text):
        subprocess.run(["nft", text], check=True)
