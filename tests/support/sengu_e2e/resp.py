"""A small RESP2 client over one socket, for tests that want to see every reply and every closed connection."""

import socket


class ReplyError(Exception):
    """An error reply of the server; the text is the line after '-'."""


def encode(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Connection:
    """Raises ReplyError for error replies and OSError (ConnectionError, TimeoutError) for everything on the wire."""

    def __init__(self, host, port=6379, timeout=5.0, source=None, tls=None):
        self.socket = socket.create_connection((host, port), timeout, source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.reader = self.socket.makefile("rb")

    @classmethod
    def over(cls, connected):
        """Over a socket that somebody else opened, and closes."""
        connection = cls.__new__(cls)
        connection.socket, connection.reader = connected, connected.makefile("rb")
        return connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, *words):
        self.socket.sendall(encode(*words))

    def command(self, *words):
        self.send(*words)
        return self.read()

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("closed by the server")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ReplyError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self._exactly(size + 2)[:-2].decode(errors="surrogateescape")
        if kind == b"*":
            return None if int(rest) < 0 else [self.read() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP2: {line!r}")

    def _exactly(self, size):
        data = self.reader.read(size)
        if len(data) != size:
            raise ConnectionResetError("closed in a reply")
        return data

    def closed_by_peer(self, within):
        """True once the peer has closed or reset; False if it is still open after `within` seconds. Discards data."""
        self.socket.settimeout(within)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True


def ask(host, *words, port=6379, timeout=1.0, password=None, tls=None):
    """One command over a connection of its own."""
    with Connection(host, port, timeout, tls=tls) as connection:
        if password:
            connection.command("AUTH", password)
        return connection.command(*words)


def info(host, section="replication", port=6379, timeout=1.0, password=None, tls=None):
    text = ask(host, "INFO", section, port=port, timeout=timeout, password=password, tls=tls)
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)
