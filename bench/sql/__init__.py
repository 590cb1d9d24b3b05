"""The rows of bench/mysql, in their order."""

from .outage import Asynchronous, Cut, Idle, Kill
from .refused import ApplierError, ApplierStopped
from .returning import Frozen
from .sysbench import SysbenchThrough

FAULTS = [Kill(), Idle(), Cut(), Asynchronous(), Frozen(), ApplierStopped(), ApplierError(), SysbenchThrough()]

__all__ = ["FAULTS"]
