"""Only a replica that does not apply is left when the master dies: it is never promoted, and clients are told why."""

import time

from sengu_e2e import eventually, let_pass, sql
from sengu_e2e.sql import SqlError
from scene import DOWN_AFTER

from .fault import Fault
from .table import SqlRun

HOLD = 1.0
WATCH = DOWN_AFTER + 1.0     # seconds for which a promotion must not come


class Spoilt(Fault):
    measured = "until a client that waits is refused"
    runs = 5
    semi_sync = None
    writers = 0
    settings = {"failover": {"hold_timeout": f"{HOLD:g}s"}}
    reason = None

    def spoil(self, replica, master):
        raise NotImplementedError

    def run(self, scene):
        spoilt, good = scene.replicas
        self.spoil(spoilt, scene.master)
        eventually(lambda: scene.rejected().get(spoilt.name) == self.reason, 20, self.reason)
        good.kill()
        eventually(lambda: scene.rejected().get(good.name) == "node_down", 20, "the other one is down")
        killed = time.monotonic()
        scene.master.kill()
        eventually(lambda: scene.sengu.state()["route"]["state"] == "held", 10, "held")
        seconds, answer = refused(scene.sengu.vip)
        eventually(lambda: scene.sengu.events("+failover-refused"), 20, "refused")
        let_pass(max(0, killed + WATCH - time.monotonic()))
        promoted = spoilt.writable() or spoilt.role() == "master" or scene.sengu.events("+switch-master")
        return SqlRun(seconds, never={"promotions": int(bool(promoted)), "refused early": int(seconds < HOLD),
                                      "no ERR packet": int("has no master: " not in answer)})


def refused(host):
    """(seconds from the connect until its end, the text of the ERR packet)"""
    begun = time.monotonic()
    try:
        with sql.Connection(host, timeout=15):
            return time.monotonic() - begun, "served"
    except SqlError as refusal:
        return time.monotonic() - begun, refusal.text
    except OSError:
        return time.monotonic() - begun, ""


class ApplierStopped(Spoilt):
    name, label, reason = "applier-stopped", "SQL thread stopped, the other replica dead", "applier_stopped"

    def spoil(self, replica, master):
        replica.stop_applying()


class ApplierError(Spoilt):
    name, label, reason = "applier-error", "applier error, the other replica dead", "applier_error"

    def spoil(self, replica, master):
        replica.break_applying(master)
