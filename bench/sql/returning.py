"""The master freezes, another is promoted, and it goes on: what was queued at it may reach no client as success."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from sengu_e2e import eventually, sql
from sengu_e2e.resp import ReplyError
from scene import time_until
from table import Goal

from .fault import Fault


class Queued:
    """Clients that each send one INSERT which the frozen master has not read. `told`: how many heard that it was done."""

    def __init__(self, name, host, count):
        self.name, self.told = name, 0
        self.clients = [sql.Connection(host, timeout=30).open() for _ in range(count)]

    def send(self):
        self.threads = [threading.Thread(target=self.insert, args=(client, number), daemon=True)
                        for number, client in enumerate(self.clients)]
        for thread in self.threads:
            thread.start()

    def insert(self, client, number):
        try:
            client.query("INSERT INTO w (writer, n) VALUES (%s, %s)", self.name, number)
            self.told += 1
        except (OSError, ReplyError):
            pass

    def end(self):
        for thread in self.threads:
            thread.join(30)
        for client in self.clients:
            client.close()
        return self.told


def wholly_stopped(pid):
    """SIGSTOP takes some ms to reach every thread of a busy server: one that still runs answers what comes then."""
    states = [stat.read_text().rsplit(")", 1)[1].split()[0] for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


class Frozen(Fault):
    """Some are queued through sengu, and some past it: only those can still be carried out, their sessions are not cut."""

    name, label, measured = "frozen", "SIGSTOP through the failover, SIGCONT, writes queued", "from SIGCONT until fenced"
    goal = Goal(worst=1.0)
    runs = 10
    semi_sync = None
    may_miss = True      # asynchronous: what is missing must be told
    through, past = 8, 3

    def run(self, scene):
        old = scene.master
        queued = Queued("through", scene.sengu.vip, self.through)
        direct = Queued("past", old.address, self.past)
        routes = scene.watch_routes()
        old.pause()
        eventually(lambda: wholly_stopped(old.process.pid), 10, "all of its threads are stopped", every=0.001)
        queued.send()
        direct.send()
        new = scene.switched()
        continued = time.monotonic()
        old.resume()
        fenced = time_until(lambda: not old.writable(), continued, 60, "the old master is fenced")
        told, _ = queued.end(), direct.end()
        follows = scene.returned(new)
        scene.writers_go_on(time.monotonic() + 0.3)
        routes.stop()
        run = scene.outcome(fenced, new)
        alone = old.keys() - new.keys()      # read after the writers: what follows may be behind, never ahead
        return replace(run, never={"queued writes told as success": told,
                                   "routed to it": routes.times(old.server_id, since=continued),
                                   "errant rows not found": len(alone) if follows else 0,
                                   "missing and not told": max(0, run.missing - scene.told_lost()),
                                   "other promotions": len(scene.sengu.events("+switch-master")) - 1},
                       seen={"errant": int(not follows)})
