"""Where every acknowledged write is at the end, and which of the lost ones could have been kept."""

from dataclasses import dataclass, field


@dataclass
class Accounts:
    acked: int
    lost: set                                        # acknowledged, and not on the final master
    keepable: set = field(default_factory=set)       # lost although a replica had received it: the bug

    def __str__(self):
        return f"{self.acked} acknowledged, {len(self.lost)} lost, {len(self.keepable)} of them known to a replica"


def account(acked_keys, master, taps=()):
    """Reads the final master. `taps` are the ears of the replicas that were reachable and eligible."""
    lost = set(acked_keys) - master.keys()
    received = set().union(*(tap.received for tap in taps))
    return Accounts(len(acked_keys), lost, lost & received)


def nothing_lost(writers, master):
    """Its Accounts, of writers that are stopped."""
    accounts = account(writers.keys, master)
    assert not accounts.lost, f"{master.name}: {accounts}"
    return accounts
