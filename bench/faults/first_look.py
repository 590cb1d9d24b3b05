"""What sengu finds when it starts: two masters; a journal that is gone, old, or damaged. Nothing may be guessed."""

import shutil

from ledger import Promise
from scene import SenguSubject
from sengu_e2e import let_pass

from .danger import Danger
from .restarts import fail_over

UNDECIDED = 5.0


class TwoMasters(Danger):
    """C follows A; B is a master of its own. After 5 s the operator names A."""

    name, label = "two-masters", "two masters at the first start, A named after 5 s"
    promise = Promise(promotions=range(1), lost=0)
    served_at_first = False

    def arrange(self, scene):
        scene.replicas[0].ask("REPLICAOF", "NO", "ONE")

    def inflict(self, scene):
        let_pass(UNDECIDED)
        if isinstance(scene.subject, SenguSubject):
            name_master(scene.subject.proxy, scene.master)
        else:
            scene.replicas[0].ask("REPLICAOF", scene.master.address, scene.master.port)


class JournalChanged(Danger):
    """sengu is stopped, its journal changed, and it is started again."""

    beside_peers = False
    promise = Promise(promotions=range(1), lost=0)

    def inflict(self, scene):
        sengu = scene.subject.proxy
        sengu.stop()
        self.change(sengu.directory / "state" / "journal")
        sengu.start(ready=False)
        self.decide(scene)

    def change(self, journal):
        raise NotImplementedError

    def decide(self, scene):
        """What the operator does."""


class JournalGone(JournalChanged):
    name, label = "journal-gone", "journal deleted"

    def change(self, journal):
        journal.unlink()


class JournalOld(JournalChanged):
    """The journal of before a failover names the first master, who follows the second now."""

    name, label = "journal-old", "journal from an older epoch"

    def prepare(self, scene):
        journal = scene.subject.proxy.directory / "state" / "journal"
        shutil.copy(journal, journal.parent.parent / "kept")
        fail_over(scene)

    def change(self, journal):
        shutil.copy(journal.parent.parent / "kept", journal)


class JournalDamaged(JournalChanged):
    name, label = "journal-damaged", "both slots corrupt, A named after 5 s"

    def change(self, journal):
        journal.write_bytes(b"\xff" * journal.stat().st_size)

    def decide(self, scene):
        let_pass(UNDECIDED)
        name_master(scene.subject.proxy, scene.master)


def name_master(sengu, node):
    done = sengu.run("failover", "g", "--to", node.name)
    assert done.returncode == 0, done.stderr
