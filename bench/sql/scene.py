"""The stage of one run of bench/mysql: three servers of one flavour, sengu in front of them, the writers; all made anew."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scene import Scene
from sengu_e2e import RouteWatch, Sengu, account, claim_block, eventually, let_pass, sql
from sengu_e2e.mysql_clients import MySqlWriters
from sengu_e2e.mysql_server import MySqlGroup
from sengu_e2e.resp import ReplyError

from .table import SqlRun


@dataclass(frozen=True)
class Flavour:
    name: str


class SqlRouteWatch(RouteWatch):
    """Knows a server by its id."""

    def turn(self):
        before = time.monotonic()
        try:
            with sql.Connection(self.host, self.port, timeout=0.5) as client:
                self.seen.append((before, time.monotonic(), client.value("SELECT @@server_id")))
        except (OSError, ReplyError):
            pass
        let_pass(self.pace)


class SqlScene(Scene):
    """`with SqlScene(...) as scene`: the group is in sync, sengu routes to nodes[0], the writers write."""

    def __init__(self, flavour, fault):
        super().__init__(flavour, fault)
        self.writers = None

    def _begin(self):
        directory = Path(tempfile.mkdtemp(prefix="sengu-bench-"))
        self._ends.callback(shutil.rmtree, directory, ignore_errors=True)
        block, fault = claim_block(), self.fault
        self.directory = directory
        self.group = MySqlGroup(block, directory, self.subject_class.name, semi_sync=fault.semi_sync)
        self._ends.callback(self.group.stop)
        self.master, *self.replicas = self.group.nodes
        self.sengu = Sengu(block, directory / "sengu", self.group.addresses, kind="mysql",
                           **{"health": {"interval": "500ms"}, **fault.settings})
        self._ends.callback(self.sengu.kill)
        self.group.start()
        self.sengu.start()
        eventually(lambda: set(self.rejected().values()) <= {"is_master", "outranked"}, 20, "every replica is fit")
        if fault.writers:
            self.writers = self.run_all(MySqlWriters(self.sengu.vip, fault.writers, pace=fault.pace))
            eventually(self.writes_flow, 60, "writes flow")

    def run_all(self, writers):
        for writer in writers.all:
            self.run(writer)
        return writers

    def at_end(self, action):
        self._ends.callback(action)

    def writes_flow(self):
        return self.writers.acked > (400 if self.fault.writers > 1 else 10)

    def watch_routes(self):
        routes = self.run(SqlRouteWatch(self.sengu.vip, port=3306))
        eventually(lambda: routes.seen, 10, "the VIP leads somewhere")
        return routes

    def log(self):
        lines = [line for line in self.sengu.log_text().splitlines() if " session client=" not in line]
        return "\n".join(lines[-40:])

    # -- what sengu says

    def rejected(self):
        return {entry["node"]: entry["reason"] for entry in self.sengu.state()["if_master_died"]["rejected"]}

    def switched(self):
        """The new master, once clients are led to it and every writer goes on."""
        new = self.group.by_name(self.sengu.wait_routed(other_than=self.master.name, within=60))
        if self.writers:
            self.writers_go_on(time.monotonic(), within=60)
        return new

    def relay_log(self):
        """Seconds that the failovers waited for relay logs."""
        return sum(int(event["text"].split("ms=")[1].split()[0]) for event in self.sengu.events("-applying")) / 1000

    def told_lost(self):
        """Transactions that +lost-writes named."""
        return sum(int(event["text"].split("transactions=")[1].split()[0]) for event in self.sengu.events("+lost-writes"))

    def errant(self, server):
        return next(node for node in self.sengu.state()["nodes"] if node["name"] == server.name)["errant"]

    def returned(self, new):
        """True if the old master follows the new one, False if it is kept out; either way nobody can write to it."""
        old = self.master
        eventually(lambda: old.follows(new) or self.errant(old), 60, "the old master follows or is kept out")
        assert not old.writable() and self.group.masters() == [new]
        return not self.errant(old)

    def outcome(self, seconds, new, **counted):
        self.writers.stop()
        accounts = account(self.writers.keys, new)
        return SqlRun(seconds, self.relay_log(), accounts.acked, len(accounts.lost), **counted)
