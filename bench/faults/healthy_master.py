"""The master lives, whatever it answers: nobody may be promoted, and not one write is lost."""

from ledger import Promise
from sengu_e2e import let_pass

from .danger import Danger, asleep

NOTHING_HAPPENS = Promise(promotions=range(1), lost=0)
KILLS = 100
APART = 0.03      # seconds between two of them: most fall on connections that are up again
BUSY = 10.0
USELESS = 5.0     # beyond everybody's down-after


class ClientKill(Danger):
    promise = NOTHING_HAPPENS

    def __init__(self, kind):
        self.kind = kind
        self.name, self.label = f"kill-{kind}", f"CLIENT KILL TYPE {kind}, {KILLS} times"

    def inflict(self, scene):
        for _ in range(KILLS):
            scene.master.ask("CLIENT", "KILL", "TYPE", self.kind)
            let_pass(APART)


class Full(Danger):
    name, label = "maxclients", f"everybody thrown out, maxclients reached for {USELESS:g} s"
    promise = NOTHING_HAPPENS

    def inflict(self, scene):
        with scene.master.full():
            let_pass(USELESS)


class PasswordChanged(Danger):
    name, label = "password", f"everybody thrown out, another password for {USELESS:g} s"
    promise = NOTHING_HAPPENS

    def group_options(self):
        return {"password": "right"}

    def inflict(self, scene):
        with scene.master.password_changed():
            let_pass(USELESS)


class Busy(Danger):
    name, label = "busy", f"a script: -BUSY for {BUSY:g} s"
    promise = NOTHING_HAPPENS

    def inflict(self, scene):
        with scene.master.busy(BUSY):
            pass


class Loading(Danger):
    name, label = "loading", f"-LOADING for {USELESS:g} s, the same process"
    promise = NOTHING_HAPPENS

    def group_options(self):
        return {"options": ("--enable-debug-command", "local")}

    def inflict(self, scene):
        with scene.master.loading(USELESS):
            pass


class DecidersStopped(Danger):
    """Who decides and who routes: sengu; HAProxy and the Sentinels; the Sentinels."""

    name, label = "stopped", "all but the servers frozen for 5 s"
    promise = NOTHING_HAPPENS

    def inflict(self, scene):
        with asleep(*scene.subject.processes):
            let_pass(USELESS)
