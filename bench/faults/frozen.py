"""Who routes sleeps together with the master, and wakes with it when another was promoted by hand.

That both are masters only the operator can end; he does, two seconds after they woke.
"""

import time
from pathlib import Path

from sengu_e2e import eventually, let_pass

from .danger import Danger, asleep
from .two_masters import QueuedWrites

ASLEEP = 3.0
UNDECIDED = 2.0


class FrozenTogether(Danger):
    """An OK by the old master is here what it says after the operator's promotion, be it to the sessions whose writes
    it had queued when it was stopped, or to the writers."""

    name, label = "frozen-together", "master and all but the replicas frozen, B promoted by hand, all continued"

    def inflict(self, scene):
        new, other = scene.replicas
        queued = QueuedWrites(scene.subject)
        with asleep(scene.master.process):
            queued.send()
            eventually(lambda: waiting(scene.master) >= queued.sent, 10, "the writes wait in the master's sockets")
            with asleep(*scene.subject.processes):
                new.ask("REPLICAOF", "NO", "ONE")
                other.ask("REPLICAOF", new.address, new.port)
                self.promoted = time.monotonic()
                eventually(lambda: other.follows(new), 20, "C follows B")
                let_pass(max(0, self.promoted + ASLEEP - time.monotonic()))
        woken = time.monotonic()
        self.queued_told, _ = queued.end()
        let_pass(max(0, woken + UNDECIDED - time.monotonic()))
        scene.master.ask("REPLICAOF", new.address, new.port)

    def told_by_old(self, scene, promoted):
        told = [it for it in scene.writers.answers if it.server == scene.master.address and it.told > self.promoted]
        return self.queued_told + len(told)


def waiting(node):
    """Bytes in the sockets of a server that it has not read, as the kernel tells."""
    here = "".join(f"{int(part):02X}" for part in reversed(node.address.split("."))) + f":{node.port:04X}"
    sockets = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(fields[4].partition(":")[2], 16) for fields in sockets if fields[1] == here and fields[3] == "01")
