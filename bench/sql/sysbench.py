"""sysbench goes on through a failover, and afterwards every node has the same tables."""

import re
import time

from sengu_e2e import eventually
from sengu_e2e.mysql_clients import Sysbench

from .fault import Fault
from .table import SqlRun

SECONDS = 8


class SysbenchThrough(Fault):
    """A node that is kept out is no copy, and says so: `seen`."""

    name, measured = "sysbench", "from the kill until routed"
    label = f"oltp_read_write for {SECONDS} s through kill -9, semi-sync"
    runs = 5
    writers = 0

    def run(self, scene):
        bench = Sysbench(scene.sengu.vip, scene.directory, seconds=SECONDS).prepare().start()
        scene.at_end(bench.abandon)
        eventually(lambda: rates(bench), 30, "transactions")
        killed = time.monotonic()
        scene.master.kill()
        new = scene.switched()
        took = time.monotonic() - killed
        scene.master.start()
        follows = scene.returned(new)
        counts = bench.wait()
        copies = [node for node in scene.group.nodes if node is not scene.master or follows]
        for node in (node for node in copies if node is not new):
            node.wait_for(new.gtids(), 60)
        sums = {tuple(scene.group.checksums(*Sysbench.tables)[node.name]) for node in copies}
        return SqlRun(took, scene.relay_log(),
                      never={"tables that differ": len(sums) - 1,
                             "nothing done in the last second": int(rates(bench)[-1] == 0)},
                      seen={"transactions": counts["transactions"], "errors ignored": counts["ignored errors"],
                            "kept out": int(not follows)})


def rates(bench):
    """Transactions a second, as reported each second so far."""
    return [float(rate) for rate in re.findall(r"tps: ([\d.]+)", bench.log.read_text())]
