"""The rows of the two tables, in their order."""

from .first_look import JournalDamaged, JournalGone, JournalOld, TwoMasters
from .frozen import FrozenTogether
from .healthy_master import Busy, ClientKill, DecidersStopped, Full, Loading, PasswordChanged
from .no_promotion import BehindTheLimit, PathCut, PriorityZero, ReplicasDead
from .outage import Empty, HostGone, Kill, Stop
from .restarts import Chain, EmptyReturn, OldReplicaof, Rolling, WithItsData
from .two_masters import Continue, Rogue

FAILOVER = [Kill(), Stop(), Continue(), Empty(0), Empty(200), Rogue(), ReplicasDead(), BehindTheLimit(), PriorityZero(),
            PathCut(), HostGone()]

SAFETY = [ClientKill("normal"), ClientKill("replica"), Busy(), Full(), Loading(), PasswordChanged(), DecidersStopped(),
          FrozenTogether(), WithItsData(), EmptyReturn(), TwoMasters(), JournalGone(), JournalOld(), JournalDamaged(),
          OldReplicaof(), Chain(), Rolling()]

__all__ = ["FAILOVER", "SAFETY"]
