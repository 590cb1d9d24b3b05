"""The rows of the 'How good' table, in its order."""

from .no_promotion import BehindTheLimit, PathCut, PriorityZero, ReplicasDead
from .outage import Empty, HostGone, Kill, Stop
from .two_masters import Continue, Rogue

ALL = [Kill(), Stop(), Continue(), Empty(0), Empty(200), Rogue(), ReplicasDead(), BehindTheLimit(), PriorityZero(),
       PathCut(), HostGone()]

__all__ = ["ALL"]
