"""The master goes away: how long the writers wait, the worst of the four, and which acknowledged writes are gone."""

import time

from sengu_e2e import let_pass
from scene import DOWN_AFTER
from table import Goal, Run

from .fault import Fault


class Outage(Fault):
    measured = "outage"
    beside_peers = True
    settle = 0.3      # writes must flow this long after the fault before it counts as over

    def hit(self, scene):
        raise NotImplementedError

    def run(self, scene):
        hit = time.monotonic()
        self.hit(scene)
        scene.writers_go_on(hit + self.settle)
        scene.writers.stop()
        return Run(scene.writers.longest_gap(since=hit), scene.accounts(scene.routed()))


class Kill(Outage):
    name, label = "kill", "kill -9"
    goal = Goal(median=0.060, worst=0.150)

    def hit(self, scene):
        scene.master.kill()


class Stop(Outage):
    name, label = "stop", "SIGSTOP"
    goal = Goal(worst=DOWN_AFTER + 0.150)

    def hit(self, scene):
        scene.master.pause()


class HostGone(Outage):
    name, label = "host", "host gone"
    goal = Goal(worst=DOWN_AFTER + 0.500)
    needs_network = True

    def hit(self, scene):
        scene.network.cut(scene.master.address)


class Empty(Outage):
    """An in-memory master (neither AOF nor RDB) is back at once, with nothing in it. The goal is in the accounts."""

    settle = 1.5      # long enough for a wipe of the replicas to happen

    def __init__(self, pause_ms):
        self.pause_ms = pause_ms
        self.name, self.label = f"empty-{pause_ms}", f"restarted empty after {pause_ms} ms"

    def hit(self, scene):
        scene.master.kill()
        let_pass(self.pause_ms / 1000)
        scene.master.start(wait=False)
