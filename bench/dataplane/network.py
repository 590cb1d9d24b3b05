"""A network of the bench's own: nobody else's traffic, and the settings under which figures can be compared.

Owns the re-exec into new namespaces and their sysctls. Knows no contestant.
"""

import os
import subprocess
import sys
from pathlib import Path

MARK = "SENGU_BENCH_IN_NAMESPACE"
BLOCK = "127.90.0"                 # of all servers and contestants

# bbr halves bulk on loopback, and only reno may be chosen in a namespace everywhere. A port of a listener must never be in
# use as somebody's client port.
SYSCTLS = {"ipv4.tcp_congestion_control": "reno", "ipv4.tcp_tw_reuse": "1", "core.somaxconn": "65535",
           "ipv4.tcp_max_syn_backlog": "65535", "ipv4.ip_local_port_range": "30000 65535"}


def inside():
    """True once this program was started again by enter(). exec keeps the parent, so a child of ours is not taken for it."""
    return os.environ.get(MARK) == str(os.getppid())


def enter():
    """Starts this program again in its own network and mount namespace; returns there. Root only."""
    if not inside():
        os.environ[MARK] = str(os.getppid())
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in SYSCTLS.items():
        Path("/proc/sys/net", *name.split(".")).write_text(value)


def redirect(table, address, server, port):
    """The kernel's own proxy: connections to the address go to the server. Until remove(): conntrack costs everyone.

    Raises CalledProcessError, with what nft said.
    """
    subprocess.run(["nft", f"add table ip {table}; "
                           f"add chain ip {table} out {{ type nat hook output priority -100; policy accept; }}; "
                           f"add rule ip {table} out ip daddr {address} tcp dport {port} dnat to {server}:{port}"],
                   check=True, capture_output=True, text=True)


def remove(table):
    """Where it is there."""
    subprocess.run(["nft", f"delete table ip {table}"], check=False, capture_output=True)
