#!/usr/bin/python3 -B
"""A client of bench/run: opens so many connections to a Redis server, and sends one PING on each. Then it keeps them, idle.

usage: idle_client.py HOST PORT COUNT. Prints "open" when each of them has had its PONG; ends when its standard input does.
"""

import resource
import socket
import sys

AT_ONCE = 200      # fewer than any listener's backlog


def main():
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    kept = []
    while len(kept) < count:
        batch = [socket.create_connection((host, port), 10) for _ in range(min(AT_ONCE, count - len(kept)))]
        for connection in batch:
            connection.sendall(b"PING\r\n")
        for connection in batch:
            if (answer := connection.recv(64)) != b"+PONG\r\n":
                sys.exit(f"connection {len(kept)} of {count}: {answer!r}")
        kept += batch
    print("open", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
