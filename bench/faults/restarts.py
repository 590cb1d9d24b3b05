"""Servers that die and come back: with their data, without it, with a configuration from before, one after the other."""

from ledger import Promise
from sengu_e2e import eventually, let_pass

from .danger import Danger, settled

APART = 2.0     # seconds between two of a rolling restart


class WithItsData(Danger):
    name, label = "aof", "AOF master: kill -9, started again at once"
    promise = Promise(promotions=range(2))

    def group_options(self):
        return {"appendonly": True}

    def inflict(self, scene):
        scene.master.kill()
        scene.master.start(wait=False)


class EmptyReturn(Danger):
    name, label = "empty", "in-memory master: kill -9, started again at once"

    def inflict(self, scene):
        scene.master.kill()
        scene.master.start(wait=False)


class OldReplicaof(Danger):
    """The old master died and follows now. The new one restarts with a configuration from before its promotion: two
    replicas of each other, if nobody acts."""

    name, label = "old-replicaof", "promoted master restarted with its old replicaof, within the cool-down"
    promise = Promise(silence=2.0)

    def group_options(self):
        return {"appendonly": True}

    def settings(self, group):
        return {"failover": {"cooldown": "30s"}}

    def prepare(self, scene):
        before = {node: configuration(node).read_text() for node in scene.replicas}
        self.promoted = fail_over(scene)
        self.text = before[self.promoted]

    def inflict(self, scene):
        self.promoted.kill()
        configuration(self.promoted).write_text(self.text)
        self.promoted.start(wait=False)


class Chain(Danger):
    """A master, one replica, and a replica of that one, which still says that its link is up when the master is dead."""

    name, label = "chain", "A, B of A, C of B: kill -9 of A"
    promise = Promise(promotions=range(1, 2))

    def arrange(self, scene):
        first, last = scene.replicas
        last.ask("REPLICAOF", first.address, first.port)
        eventually(lambda: last.follows(first), 20, "C follows B")
        eventually(lambda: scene.master.info()["connected_slaves"] == "1", 20, "A has one replica")

    def inflict(self, scene):
        scene.master.kill()

    def never(self, scene):
        return {"another than B": int(scene.replicas[0].role() != "master")}


class Rolling(Danger):
    name, label = "rolling", f'all three restarted, {APART:g} s apart, --save ""'

    def inflict(self, scene):
        for node in scene.group.nodes:
            node.shut_down()
            node.start(wait=False)
            let_pass(APART)


def configuration(node):
    return node.directory / "redis.conf"


def fail_over(scene):
    """kill -9 of the master, which is started again when another serves the clients. Returns the one they are led to
    when all is calm again: a peer may have changed its mind meanwhile."""
    first = scene.master
    first.kill()
    eventually(lambda: scene.routed() is not first, 30, "clients are led to another")
    first.start(wait=False)
    eventually(lambda: settled(scene.group), 60, "one master, and all others follow it")
    return scene.routed()
