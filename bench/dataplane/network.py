"""A network of the bench's own: nobody else's traffic, and the settings under which figures can be compared.

Owns the namespace's sysctls and the rule of the redirect. Knows no contestant.
"""

import subprocess
from pathlib import Path

from sengu_e2e import Namespace

BLOCK = "127.90.0"                 # of all servers and contestants

# bbr halves bulk on loopback, and only reno may be chosen in a namespace everywhere. A port of a listener must never be in
# use as somebody's client port.
SYSCTLS = {"ipv4.tcp_congestion_control": "reno", "ipv4.tcp_tw_reuse": "1", "core.somaxconn": "65535",
           "ipv4.tcp_max_syn_backlog": "65535", "ipv4.ip_local_port_range": "30000 65535"}


def enter():
    """This thread, and all that it starts from now on, lives in a network namespace of its own. Root only."""
    Namespace()
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
