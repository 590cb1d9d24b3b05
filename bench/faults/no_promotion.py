"""Nobody may be promoted: no replica is fit, or the master only seems dead from here."""

import time
from concurrent.futures import ThreadPoolExecutor

from sengu_e2e import eventually, let_pass, parked
from scene import DOWN_AFTER, PROXY, time_until
from table import Goal, Run

from .fault import Fault

HOLD = 1.0
CLIENTS = 8
WATCH = DOWN_AFTER + 1.0     # for so long a promotion must not come


class NoCandidate(Fault):
    """The master dies when every replica is unfit for `reason`. Clients that come then are parked, and refused."""

    measured = "until a parked client is refused"
    goal = Goal(least=HOLD, worst=HOLD + 0.100)
    reason = None

    def settings(self, group):
        return {"failover": {"hold_timeout": f"{HOLD:g}s"}}

    def make_unfit(self, scene):
        pass

    def run(self, scene):
        sengu = scene.subject.proxy
        scene.writers.stop()
        self.make_unfit(scene)
        eventually(lambda: {node.name for node in scene.replicas} == rejected_for(self.reason, sengu), 20,
                   f"every replica is {self.reason}")
        killed = time.monotonic()
        scene.master.kill()
        eventually(lambda: sengu.state()["route"]["state"] == "held", 10, "held")
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(parked, [sengu.vip] * CLIENTS))
        let_pass(max(0, killed + WATCH - time.monotonic()))
        unexplained = sum(not shown for shown in reason_shown(self.reason, sengu).values())
        return Run(max(seconds for seconds, _ in answers), None,
                   {"promotions": promotions(scene),
                    "refused early": sum(seconds < HOLD for seconds, _ in answers),
                    "no protocol error": sum(not reply.startswith(b"-ERR sengu: ") for _, reply in answers),
                    "reason missing in log, status, events": unexplained})


class ReplicasDead(NoCandidate):
    name, label, reason = "no-candidate-dead", "all replicas dead", "node_down"

    def make_unfit(self, scene):
        for replica in scene.replicas:
            replica.kill()


class BehindTheLimit(NoCandidate):
    name, label, reason = "no-candidate-lag", "all replicas behind max_lag_bytes", "lag_limit"
    needs_network = True
    limit = 100_000

    def settings(self, group):
        return {"failover": {"hold_timeout": f"{HOLD:g}s", "max_lag_bytes": self.limit}}

    def make_unfit(self, scene):
        for replica in scene.replicas:
            scene.network.cut(scene.master.address, replica.address)
        scene.master.fill(10 * self.limit // 1000, size=1000)


class PriorityZero(NoCandidate):
    name, label, reason = "no-candidate-priority", "all replicas priority 0", "priority_zero"

    def settings(self, group):
        master, *replicas = group.addresses
        return {**super().settings(group),
                "node_tables": [{"address": master}] + [{"address": name, "priority": 0} for name in replicas]}


class PathCut(Fault):
    """Drops, no RST, between sengu and the master only; the replicas hear it all the time."""

    name, label, measured = "path", "only our path to it cut", "from its return until routed"
    needs_network = True

    def settings(self, group):
        return {"failover": {"hold_timeout": "30s"}}

    def run(self, scene):
        sengu, routes = scene.subject.proxy, scene.watch_routes()
        scene.network.cut(PROXY, scene.master.address)
        let_pass(DOWN_AFTER + WATCH)
        alarms = len(sengu.events("+unreachable"))
        scene.network.heal()
        healed = time.monotonic()
        took = time_until(lambda: routes.led_since(healed), healed, 60, "routed again")
        scene.writers_go_on(healed + 0.3)
        scene.writers.stop()
        routes.stop()
        accounts = scene.accounts(scene.master)
        return Run(took, accounts, {"promotions": promotions(scene), "no alarm": int(not alarms),
                                    "lost": len(accounts.lost)})


def promotions(scene):
    masters = sum(node.role() == "master" for node in scene.replicas if node.alive)
    return max(masters, len(scene.subject.proxy.events("+switch-master")))


def rejected_for(reason, sengu):
    return {entry["node"] for entry in sengu.state()["if_master_died"]["rejected"] if entry["reason"] == reason}


def reason_shown(reason, sengu):
    """Where an operator looks -> whether it says why there is no promotion."""
    refusals = sengu.events("+failover-refused")
    return {"log": any("+failover-refused" in line and reason in line for line in sengu.log_text().splitlines()),
            "status": reason in sengu.run("status", "g").stdout,
            "events": any(reason in event["text"] for event in refusals)}
