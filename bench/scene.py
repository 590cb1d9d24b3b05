"""The stage of one run: three Redis servers, a subject in front of them, four writers; made anew, and ended with it.

A subject is what stands between clients and servers: sengu here, the others in peers.py.
"""

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

from sengu_e2e import Namespace, RedisGroup, RouteWatch, Sengu, Tap, Writers, account, claim_block, eventually
from sengu_e2e.clients import leads_to

DOWN_AFTER = 1.5
PROXY = "127.0.0.1"     # where a subject's connections come from; Redis servers use their own address


class SenguSubject:
    name = "sengu"
    has_goals = True

    def __init__(self, block, directory, group, **settings):
        nodes = () if "node_tables" in settings else group.addresses
        if password := group.nodes[0].password:
            (directory / "password").write_text(f"{password}\n")
            settings = {**settings, "group": {"password_file": str(directory / "password")}}
        self.proxy = Sengu(block, directory / "sengu", nodes, health={"interval": "500ms"}, **settings)
        self.vip = self.proxy.vip

    def address(self):
        """Where a client connects to."""
        return self.vip, 6379

    @property
    def processes(self):
        return [self.proxy.process]

    def serve(self, writers):
        """The writers that are its clients from now on."""

    def launch(self):
        self.proxy.start(ready=False)

    def wait_ready(self):
        self.proxy.wait_ready()
        eventually(self.knows_all, 20, "every replica is fit, as far as the configuration lets it")

    def knows_all(self):
        reasons = {entry["reason"] for entry in self.proxy.state()["if_master_died"]["rejected"]}
        return reasons <= {"is_master", "outranked", "priority_zero"}

    def stop(self):
        self.proxy.kill()

    def log(self):
        """What it decided, not whom it served."""
        lines = [line for line in self.proxy.log_text().splitlines() if " session client=" not in line]
        return "\n".join(lines[-40:])


class Scene:
    """`with Scene(...) as scene`: the group is in sync, the subject routes to nodes[0], the writers write."""

    def __init__(self, subject_class, fault, megabytes=0):
        self.subject_class, self.fault, self.megabytes = subject_class, fault, megabytes
        self._ends = contextlib.ExitStack()
        self.network = None

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_):
        self._ends.close()

    def _begin(self):
        if self.fault.needs_network:
            self.network = Namespace()
            self._ends.callback(self.network.leave)
        directory = Path(tempfile.mkdtemp(prefix="sengu-bench-"))
        self._ends.callback(shutil.rmtree, directory, ignore_errors=True)
        block = claim_block()
        self.group = RedisGroup(block, directory, **self.fault.group_options())
        self._ends.callback(self.group.stop)
        self.master, *self.replicas = self.group.nodes
        self.subject = self.subject_class(block, directory, self.group, **self.fault.settings(self.group))
        self._ends.callback(self.subject.stop)
        self.group.start()
        if self.megabytes:
            self.master.fill(self.megabytes * 1000, size=1000)
        self.group.wait_synced(self.master)
        self.fault.arrange(self)
        self.subject.launch()
        if self.fault.served_at_first:
            self.subject.wait_ready()
        self.taps, self.writers = self.load()
        self.subject.serve(self.writers.all)
        for worker in self.taps + self.writers.all:
            self.run(worker)
        if self.fault.served_at_first:
            eventually(self.writes_flow, 30, "writes flow")

    def load(self):
        return [Tap(node) for node in self.replicas], Writers(self.subject.vip, 4, timeout=60)

    def writes_flow(self):
        return self.writers.acked > 2000 and all(tap.received for tap in self.taps if tap.node is not self.master)

    def run(self, worker):
        self._ends.callback(worker.abandon)
        return worker.start()

    def watch_routes(self):
        routes = self.run(RouteWatch(self.subject.vip))
        eventually(lambda: routes.seen, 10, "the VIP leads somewhere")
        return routes

    def writers_go_on(self, beyond, within=120):
        """Every writer has an acknowledgement from later than `beyond`."""
        eventually(lambda: self.writers.since(beyond), within, "every writer goes on")

    def routed(self):
        """The node that clients are led to."""
        password = self.master.password
        address = eventually(lambda: leads_to(*self.subject.address(), timeout=1, password=password), 20,
                             "the VIP leads somewhere")
        return next(node for node in self.group.nodes if node.address == address)

    def accounts(self, master):
        return account(self.writers.keys, master, self.taps)


def time_until(condition, since, within, what):
    """Seconds from `since` until the condition was seen true, asked each millisecond."""
    eventually(condition, within, what, every=0.001)
    return time.monotonic() - since
