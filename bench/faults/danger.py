"""What every row of bench/safety has: something goes wrong under writes, ends, and then all must be well again."""

import signal
import time
from contextlib import contextmanager

from ledger import Ledger, Promise, promotions, told_by_an_old_master
from sengu_e2e import account, eventually

from .fault import Fault

PATIENCE = 60.0     # seconds after the fault for writes to go on and for the roles to settle
CALM = 1.5          # writes must flow for so long after both: long enough for a wipe of the replicas


class Danger(Fault):
    promise = Promise()
    beside_peers = True

    def prepare(self, scene):
        """What comes before the fault, and is not counted."""

    def inflict(self, scene):
        """Does it, and ends it."""
        raise NotImplementedError

    def never(self, scene):
        """What else must not have happened: its name -> how often it did."""
        return {}

    def run(self, scene):
        self.prepare(scene)
        begun, acked_before = time.monotonic(), scene.writers.keys
        self.inflict(scene)
        ended = time.monotonic()
        stuck = {"writes do not go on": not comes(lambda: scene.writers.since(ended + 0.3), ended + PATIENCE),
                 "roles do not settle": not comes(lambda: settled(scene.group), ended + PATIENCE)}
        calm = time.monotonic()
        comes(lambda: scene.writers.since(calm + CALM), calm + 2 * CALM)
        until = time.monotonic()
        scene.writers.stop()
        master = last_master(scene)
        accounts = account(scene.writers.keys, master, scene.taps)
        promoted = promotions(scene.group.nodes)
        return Ledger(sum(it.when >= begun and not it.by_hand for it in promoted), accounts,
                      self.told_by_old(scene, promoted), scene.writers.longest_silence(begun, until),
                      {"wiped": int(bool(acked_before) and not acked_before - accounts.lost),
                       **{what: int(true) for what, true in stuck.items()}, **self.never(scene)})

    def told_by_old(self, scene, promoted):
        return told_by_an_old_master(scene.writers.answers, promoted)


def comes(condition, deadline):
    try:
        return eventually(condition, max(0, deadline - time.monotonic()), "what is awaited", every=0.02)
    except AssertionError:
        return False


def settled(group):
    """One master, and everyone else who lives follows it, directly or through a chain."""
    masters = group.masters()
    links = [node.info() for node in group.nodes if node.alive and node not in masters]
    return len(masters) == 1 and all(link["role"] == "slave" and link["master_link_status"] == "up" for link in links)


def last_master(scene):
    """Whom clients are led to in the end; where they are led nowhere, the server that has most of their writes."""
    try:
        return scene.routed()
    except AssertionError:
        return max((node for node in scene.group.nodes if node.alive),
                   key=lambda node: len(scene.writers.keys & node.keys()))


@contextmanager
def asleep(*processes):
    """SIGSTOP in this order, SIGCONT in the same."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)
