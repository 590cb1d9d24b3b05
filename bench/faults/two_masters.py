"""Two nodes say master: the old one that was only frozen, and one made by hand. Neither may serve a client."""

import time

from sengu_e2e import Connection
from sengu_e2e.resp import encode
from scene import time_until
from table import Goal, Run

from .fault import Fault


class QueuedWrites:
    """Sessions of clients, each with a burst of writes that a frozen master has not read."""

    def __init__(self, subject, sessions=20, writes=50):
        self.writes = writes
        self.clients = [Connection(*subject.address()) for _ in range(sessions)]
        for client in self.clients:
            client.command("PING")

    def send(self):
        self.sent = 0
        for session, client in enumerate(self.clients):
            burst = b"".join(encode("SET", f"queued:{session}:{n}", n) for n in range(self.writes))
            client.socket.sendall(burst)
            self.sent += len(burst)

    def end(self):
        """(writes that were told OK, sessions that were not cut), within two seconds"""
        deadline = time.monotonic() + 2.0
        received = [everything_from(client, deadline) for client in self.clients]
        for client in self.clients:
            client.close()
        return sum(data.count(b"+OK\r\n") for data, _ in received), sum(not cut for _, cut in received)


def everything_from(client, deadline):
    """(bytes until the session is cut, whether it was)"""
    data = b""
    try:
        while chunk := receive(client.socket, deadline):
            data += chunk
    except TimeoutError:
        return data, False
    except OSError:
        pass
    return data, True


def receive(socket, deadline):
    socket.settimeout(max(0.001, deadline - time.monotonic()))
    return socket.recv(65536)


class Continue(Fault):
    name, label, measured = "continue", "SIGCONT, writes queued", "until it is a replica"
    goal = Goal(worst=1.0)
    beside_peers = True

    def run(self, scene):
        old = scene.master
        queued, routes = QueuedWrites(scene.subject), scene.watch_routes()
        stopped = time.monotonic()
        old.pause()
        queued.send()
        scene.writers_go_on(stopped + 0.3)
        continued = time.monotonic()
        old.resume()
        took = time_until(lambda: old.role() == "slave", continued, 60, "the old master is a replica")
        scene.writers_go_on(time.monotonic() + 0.3)
        scene.writers.stop()
        routes.stop()
        told, uncut = queued.end()
        return Run(took, scene.accounts(scene.routed()),
                   {"queued writes told OK": told, "sessions not cut": uncut,
                    "routed to it": routes.times(old.address, since=continued)})


class Rogue(Fault):
    name, label, measured = "rogue", "second master by hand", "until it is a replica"

    def run(self, scene):
        rogue, routes = scene.replicas[-1], scene.watch_routes()
        made = time.monotonic()
        rogue.ask("REPLICAOF", "NO", "ONE")
        took = time_until(lambda: rogue.role() == "slave", made, 60, "the rogue is a replica")
        scene.writers_go_on(time.monotonic() + 0.3)
        scene.writers.stop()
        routes.stop()
        accounts = scene.accounts(scene.master)
        return Run(took, accounts, {"routed to it": routes.times(rogue.address, since=made),
                                    "promotions": len(scene.subject.proxy.events("+switch-master")),
                                    "lost": len(accounts.lost)})
