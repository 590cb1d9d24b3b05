"""Clients that keep accounts: writers, replicas' ears, and a watch on where the VIP leads. Raw sockets, a thread each."""

import socket
import sys
import threading
import time

from . import resp
from .wait import eventually, let_pass

sys.setswitchinterval(0.0005)   # the threads here mostly wait; a gap must not be Python's own


class Worker:
    """A thread that runs `turn()` until stopped; an unexpected exception is kept and raised by stop()."""

    def __init__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure = None

    def start(self):
        self._thread.start()
        return self

    def _run(self):
        try:
            while not self._stop.is_set():
                self.turn()
        except Exception as error:   # shown by the test that joins us
            self.failure = error

    def stop(self, within=20.0):
        self._stop.set()
        self.interrupt()
        self._thread.join(within)
        assert not self._thread.is_alive(), f"{type(self).__name__} does not end"
        if self.failure:
            raise self.failure
        return self

    def abandon(self):
        """As stop(), for the end of a test: neither waits nor raises."""
        self._stop.set()
        self.interrupt()

    def interrupt(self):
        pass


class Writer(Worker):
    """SETs <name>:<n>, n growing by one with each acknowledgement; the same key again until it is acknowledged.

    Reconnects at once and retries each millisecond. `acks` holds (monotonic time, n), `refusals` the
    server's errors (ReplyError), `errors` what happened on the wire.
    """

    def __init__(self, host, name, port=6379, pace=0.001, timeout=15.0, tls=None):
        super().__init__()
        self.host, self.port, self.name, self.pace, self.timeout, self.tls = host, port, name, pace, timeout, tls
        self.acks, self.refusals, self.errors = [], [], []
        self.connection = None

    def turn(self):
        try:
            if self.connection is None:
                self.open()
            self.write()
        except resp.ReplyError as refusal:
            self.refusals.append((time.monotonic(), refusal))
            self._drop()
        except OSError as error:
            self.errors.append((time.monotonic(), error))
            self._drop()
        if self.pace:
            let_pass(self.pace)

    def open(self):
        self.connection = socket.create_connection(self.address(), self.timeout)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            self.connection = self.tls.wrap_socket(self.connection, server_hostname=self.host)
        self.greet()

    def write(self):
        number, asked = len(self.acks), time.monotonic()
        self.connection.sendall(resp.encode("SET", f"{self.name}:{number}", number))
        reply = self.connection.recv(4096)
        if reply.startswith(b"-"):
            raise resp.ReplyError(reply[1:].decode(errors="replace").strip())
        if reply != b"+OK\r\n":
            raise ConnectionResetError(f"closed, or not a reply: {reply!r}")
        self.acknowledged(asked, number)

    def address(self):
        """Where it connects to, asked before each connect."""
        return self.host, self.port

    def greet(self):
        """What it says first on a new connection."""

    def acknowledged(self, asked, number):
        self.acks.append((time.monotonic(), number))

    def _drop(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def interrupt(self):
        connection = self.connection
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def keys(self):
        return {f"{self.name}:{number}" for _, number in self.acks}

    def gaps(self, since=0.0):
        """(length, start) of each wait between two acknowledgements that ends after `since`."""
        times = [when for when, _ in self.acks]
        return [(later - earlier, earlier) for earlier, later in zip(times, times[1:]) if later >= since]

    def longest_gap(self, since=0.0):
        return max(self.gaps(since), default=(0.0, 0.0))[0]


class Writers:
    """Several writers at once."""

    kind = Writer

    def __init__(self, host, count=4, prefix="w", **options):
        self.all = [self.kind(host, f"{prefix}{i}", **options) for i in range(count)]

    def start(self):
        for writer in self.all:
            writer.start()
        return self

    def stop(self):
        for writer in self.all:
            writer._stop.set()
        for writer in self.all:
            writer.stop()
        return self

    @property
    def keys(self):
        return set().union(*(writer.keys for writer in self.all))

    @property
    def acked(self):
        return sum(len(writer.acks) for writer in self.all)

    def since(self, when):
        """True once every writer had an acknowledgement after `when`."""
        return all(writer.acks and writer.acks[-1][0] > when for writer in self.all)

    def wait_acked(self, count, within=30.0):
        """Until there are more acknowledgements than that, by all of them together."""
        eventually(lambda: self.acked > count, within, f"more than {count} writes are acknowledged")

    def wait_going_on(self, within=30.0):
        """Until every writer had an acknowledgement after now."""
        now = time.monotonic()
        eventually(lambda: self.since(now), within, "all writers go on")

    def longest_gap(self, since=0.0):
        return max(writer.longest_gap(since) for writer in self.all)

    def refusals(self):
        return [str(refusal) for writer in self.all for _, refusal in writer.refusals]


class Tap(Worker):
    """A replica's ear: MONITOR on it, so that every SET it applied is known, also after it is wiped.

    Only what came over its link: MONITOR names the peer, and a master's end of a link is its own port. Once the node is a
    master its clients' writes are nobody else's.
    """

    def __init__(self, node):
        super().__init__()
        self.node, self.received = node, set()
        self._link = b":%d] " % node.port
        self.listen()

    def listen(self):
        eventually(self._listens, what=f"{self.node.name} lets itself be tapped")   # its clients are cut where it is demoted
        self._tail, self.ended = b"", False

    def _listens(self):
        self.connection = self.node.connect(timeout=0.2)
        return self.connection.command("MONITOR")

    def turn(self):
        if self.ended:
            self._stop.wait(0.05)
            return
        try:
            data = self.connection.socket.recv(1 << 16)
        except TimeoutError:
            return
        except OSError:
            data = b""
        self.ended = not data
        *lines, self._tail = (self._tail + data).split(b"\r\n")
        for line in lines:
            words = line.split(b'"')
            if len(words) > 3 and words[1].upper() == b"SET" and words[0].endswith(self._link):
                self.received.add(words[3].decode())


class RouteWatch(Worker):
    """Asks again and again, over new connections, which server the VIP leads to.

    `seen`: (time before, time after, address). A server is known by its own address (CONFIG GET bind).
    """

    def __init__(self, host, port=6379, pace=0.005):
        super().__init__()
        self.host, self.port, self.pace, self.seen = host, port, pace, []

    def turn(self):
        before = time.monotonic()
        try:
            address = leads_to(self.host, self.port, timeout=0.5)
            self.seen.append((before, time.monotonic(), address))
        except (OSError, resp.ReplyError):
            pass
        let_pass(self.pace)

    def addresses(self, since=0.0):
        return {address for before, _, address in self.seen if before >= since}

    def times(self, address, since=0.0):
        """How often a client was answered from there after `since`, also one that came before."""
        return sum(there == address for _, after, there in self.seen if after >= since)

    def led_since(self, when):
        """True once a client was served after `when`, also one that had waited."""
        return bool(self.seen) and self.seen[-1][1] > when


def leads_to(host, port=6379, timeout=5.0, password=None):
    return resp.ask(host, "CONFIG", "GET", "bind", port=port, timeout=timeout, password=password)[1]


def parked(host, port=6379, timeout=15.0):
    """One client where there is no master: sends a write at once and waits.

    (seconds from before its connect until it read something or was closed, what it read)
    """
    begun = time.monotonic()
    reply = b""
    try:
        with socket.create_connection((host, port), timeout) as client:
            client.sendall(resp.encode("SET", "parked", "1"))
            reply = client.recv(4096)
    except OSError:
        pass
    return time.monotonic() - begun, reply
