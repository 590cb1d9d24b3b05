"""The master is killed: how long the writers wait, the worst of them, and which acknowledged rows are gone."""

import time
from dataclasses import replace

from sengu_e2e import eventually, let_pass
from table import Goal

from .fault import Fault

CUT = 0.3       # seconds from the cut of replication to the kill


class Kill(Fault):
    name, label, measured = "kill", "kill -9 under load, semi-sync", "outage"
    goal = Goal(worst=0.300)
    beyond_relay_log = True

    def run(self, scene):
        killed = time.monotonic()
        scene.master.kill()
        new = scene.switched()
        return scene.outcome(scene.writers.longest_gap(since=killed), new)


class Idle(Kill):
    name, label = "idle", "kill -9, one writer, a write each 20 ms, semi-sync"
    goal = Goal(median=0.250)
    beyond_relay_log = False
    writers, pace = 1, 0.020


class Cut(Fault):
    """The replicas would receive again when the master is dead: it is that link that sengu asks them for."""

    name, measured = "cut", "from the kill until all write"
    label = f"replication cut {CUT * 1000:.0f} ms before kill -9, semi-sync"
    runs = 10

    def run(self, scene):
        with scene.group.cut_off(scene.master):
            self.wait(scene)
            killed = time.monotonic()
            scene.master.kill()
        new = scene.switched()
        return self.outcome(scene, time.monotonic() - killed, new)

    def wait(self, scene):
        let_pass(CUT)

    def outcome(self, scene, took, new):
        return scene.outcome(took, new)


class Asynchronous(Cut):
    """What the old master alone has is what clients miss, and at most what was in flight beside it: one a writer."""

    name, label = "async", "asynchronous, replication cut before kill -9"
    semi_sync = None
    may_miss = True
    least = 100      # rows that nobody else has

    def wait(self, scene):
        scene.writers.wait_acked(scene.writers.acked + self.least, 60)

    def outcome(self, scene, took, new):
        scene.master.start()
        eventually(lambda: scene.errant(scene.master), 60, "what only the old master has is known")
        eventually(scene.told_lost, 10, "+lost-writes")
        follows = scene.returned(new)
        run = scene.outcome(took, new)
        told = scene.told_lost()
        return replace(run, never={"missing and not told": max(0, run.missing - told),
                                   f"told beyond {self.writers} more": max(0, told - run.missing - self.writers),
                                   "not kept out": int(follows)},
                       seen={"+lost-writes": told})
