#!/usr/bin/python3 -B
"""A client of bench/run: GETs or SETs a value of so many bytes so many times. Prints the bytes and the seconds as JSON.

usage: stream_client.py HOST PORT down|up BYTES TIMES. The clock starts when it is connected. Ends with an error if a reply is
not what it has to be.
"""

import json
import socket
import sys
import time

BUFFER = 1 << 20
KEY = b"stream"


def read_line(connection):
    line = b""
    while not line.endswith(b"\r\n"):
        byte = connection.recv(1)
        if not byte:
            sys.exit(f"closed after {line!r}")
        line += byte
    return line


def discard(connection, size, buffer):
    """MSG_TRUNC: the kernel throws the bytes away, and they cost the client no copy."""
    while size:
        got = connection.recv_into(buffer, min(size, len(buffer)), socket.MSG_TRUNC)
        if got == 0:
            sys.exit(f"closed, {size} bytes are missing")
        size -= got


def down(connection, size, buffer):
    connection.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(KEY), KEY))
    line = read_line(connection)
    if line != b"$%d\r\n" % size:
        sys.exit(f"a value of {size} bytes, and not {line!r}")
    discard(connection, size, buffer)
    if (tail := read_line(connection)) != b"\r\n":
        sys.exit(f"{tail!r} after the value")


def up(connection, size, buffer):
    connection.sendall(b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n" % (len(KEY), KEY, size))
    left = size
    while left:
        piece = min(left, len(buffer))
        connection.sendall(memoryview(buffer)[:piece])
        left -= piece
    connection.sendall(b"\r\n")
    if (line := read_line(connection)) != b"+OK\r\n":
        sys.exit(f"+OK, and not {line!r}")


def main():
    host, port, direction, size, times = sys.argv[1:]
    size, buffer = int(size), bytearray(BUFFER)
    transfer = {"down": down, "up": up}[direction]
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.settimeout(None)     # a timeout makes Python poll before each call
        begun = time.monotonic()
        for _ in range(int(times)):
            transfer(connection, size, buffer)
        print(json.dumps({"bytes": size * int(times), "seconds": time.monotonic() - begun}))


if __name__ == "__main__":
    main()
