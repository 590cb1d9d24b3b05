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


def cut_replication(scene):
    for replica in scene.replicas:
        replica.stop_receiving()


def kill_cut_off(scene):
    """(new master, seconds until all write). The replicas would receive again: it is that link that sengu asks them for."""
    killed = time.monotonic()
    scene.master.kill()
    for replica in scene.replicas:
        replica.start_receiving()
    new = scene.switched()
    return new, time.monotonic() - killed


class Cut(Fault):
    name, measured = "cut", "from the kill until all write"
    label = f"replication cut {CUT * 1000:.0f} ms before kill -9, semi-sync"
    runs = 10

    def run(self, scene):
        cut_replication(scene)
        let_pass(CUT)
        new, took = kill_cut_off(scene)
        return scene.outcome(took, new)


class Asynchronous(Fault):
    """What the old master alone has is what clients miss, and at most what was in flight beside it: one a writer."""

    name, label, measured = "async", "asynchronous, replication cut before kill -9", "from the kill until all write"
    runs = 10
    semi_sync = None
    may_miss = True
    least = 100      # rows that nobody else has

    def run(self, scene):
        cut_replication(scene)
        cut = scene.writers.acked
        eventually(lambda: scene.writers.acked > cut + self.least, 60, "writes that nobody else has")
        new, took = kill_cut_off(scene)
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
