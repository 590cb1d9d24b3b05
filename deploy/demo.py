"""The demo: a Redis group and a MariaDB (or MySQL) group behind one sengu; kill -9 of both masters, and what clients saw.

Everything lives in a scratch folder and on 127.77.0.0/24, and ends with this process. Run it by ./deploy/demo.
"""

import argparse
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from sengu_e2e import RedisGroup, Sengu, Writers, account, eventually  # noqa: E402
from sengu_e2e.mysql_clients import MySqlWriters  # noqa: E402
from sengu_e2e.mysql_server import FOREVER, MySqlGroup  # noqa: E402
from sengu_e2e.proxy import binary  # noqa: E402

BLOCK = "127.77.0"
PROXY_PORTS = (6379, 6380, 3306, 3307, 26379, 9126)
WRITERS = 4
PACE = 0.005            # seconds between two writes of one writer: two groups and all clients share this machine
WARM_UP = 300           # writes


class Timeline:
    """Lines with the milliseconds since the kill (before it: without a number) and the group that they are about."""

    def __init__(self):
        self.zero = None

    def say(self, text, label="", when=None):
        moment = "" if self.zero is None else f"{((when or time.monotonic()) - self.zero) * 1000:+6.0f} ms"
        print(f"{moment:>9}  {label:<7}  {text}", flush=True)

    def say_in_order(self, moments):
        """(when, label, text) each"""
        for when, label, text in sorted(moments):
            self.say(text, label, when)


class Side:
    """One group, its clients, and what sengu says of it. `label`: what its lines begin with."""

    def __init__(self, label, group, sengu, writers):
        self.label, self.group, self.sengu, self.writers = label, group, sengu, writers
        self.vip = f"{sengu.vip}:{writers.all[0].port}"
        self.old = self.new = None

    def events(self, kind):
        return [event for event in self.sengu.events(kind) if event["group"] == self.sengu.group_name]

    def wait_ready(self):
        self.old = self.group.by_name(self.sengu.wait_routed())
        eventually(lambda: self.sengu.state()["if_master_died"]["candidate"], 20, "a replica fit to take over")
        self.epoch = self.sengu.state()["epoch"]

    def outage(self, kill):
        """(start, end, length) of the longest wait of a writer that spans or follows the kill."""
        length, start = max((gap for writer in self.writers.all for gap in writer.gaps(since=kill)))
        return start, start + length, length

    def moments(self, kill):
        """What clients and sengu saw of the failover: (when, label, text) each."""
        start, end, _ = self.outage(kill)
        *_, switch = self.events("+switch-master")
        told = [(start, "last write acknowledged by the old master"),
                (moment_of(switch), f"+switch-master to {self.new.name}, epoch {switch['epoch']}"),
                (end, "first write of the slowest writer acknowledged by the new one")]
        told += [(moment_of(event), f"its relay log is applied, after {event['text'].split('ms=')[1]} ms")
                 for event in self.events("-applying")]
        return [(when, self.label, text) for when, text in told]

    def returned(self):
        """How the old master came back; None: not yet. One with transactions that no replica has is kept out."""
        if self.old.follows(self.new):
            return f"follows {self.new.name} as a replica"
        if self.group.kind == "mysql" and self.sengu.node(self.old.name)["errant"] and not self.old.writable():
            for event in self.events("+errant"):
                alone = event["text"].split("transactions=")[1].split()[0]
                return f"kept out, read-only: transactions that it alone has: {alone}"
        return None

    def balance(self):
        """(the line that says it, what is wrong): every acknowledged write is looked up on the new master."""
        self.writers.stop()
        accounts = account(self.writers.keys, self.new)
        epoch = self.sengu.state()["epoch"]
        wrong = {f"{len(accounts.lost)} acknowledged writes were lost": accounts.lost,
                 f"epoch {epoch}, expected {self.epoch + 1}": epoch != self.epoch + 1,
                 "more than one master": self.group.masters() != [self.new]}
        return (f"acknowledged writes: {accounts.acked}, lost: {len(accounts.lost)}",
                [f"{self.label}: {text}" for text, true in wrong.items() if true])


def moment_of(event):
    """In the clock of the writers."""
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp() - time.time() + time.monotonic()


def failover(sides, line):
    """The story; returns the list of what went wrong."""
    for side in sides:
        side.wait_ready()
        line.say(f"sengu routes {side.vip} to {side.old.name}, epoch {side.epoch}", side.label)
    for side in sides:
        side.writers.start()
    for side in sides:
        eventually(lambda s=side: s.writers.acked >= WARM_UP, 30, f"writes to {side.label} flow")
        line.say(f"{WRITERS} writers through the VIP, {side.writers.acked} writes acknowledged so far", side.label)
    kill_masters(sides, line)
    for side in sides:
        line.say(f"outage: {side.outage(line.zero)[2] * 1000:.0f} ms (the longest wait of any of {WRITERS} writers)", side.label)
    problems = bring_back(sides, line)
    done = time.monotonic()
    for side in sides:
        eventually(lambda s=side: s.writers.since(done), 20, f"writers to {side.label} go on")
    for side in sides:
        text, wrong = side.balance()
        line.say(text, side.label)
        problems += wrong
    return problems


def kill_masters(sides, line):
    """Both at once, and until all clients write again."""
    line.zero = time.monotonic()
    for side in sides:
        line.say(f"kill -9 {side.old.process.pid}  (the master, {side.old.name})", side.label)
        side.old.process.kill()
    for side in sides:
        side.old.kill()
    for side in sides:
        side.new = side.group.by_name(side.sengu.wait_routed(other_than=side.old.name))
    switched = time.monotonic()
    for side in sides:
        eventually(lambda s=side: s.writers.since(max(switched, line.zero + 0.3)), 30, f"writers to {side.label} go on")
    line.say_in_order([moment for side in sides for moment in side.moments(line.zero)])


def bring_back(sides, line):
    problems = []
    for side in sides:
        side.old.start(wait=False)
        line.say(f"the dead master {side.old.name} is started again", side.label)
    for side in sides:
        try:
            line.say(eventually(side.returned, 30, "the old master follows the new one, or is kept out"), side.label)
        except AssertionError as error:
            problems.append(f"{side.label}: {error}")
    return problems


def by_hand(sides, sengu, directory):
    sengu_command = os.path.relpath(binary())
    pids = [f"{node.name} {node.process.pid}" for side in sides for node in side.group.nodes]
    client = "mysql" if sides[1].label == "mysql" else "mariadb"
    client = os.path.relpath(sides[1].group.nodes[0].flavour.client()) if client == "mysql" else client
    print(f"""
Still running; try by hand, in another terminal:
  redis-cli -h {sengu.vip} set hello world    (port 6380 reads from replicas)
  {client} -h {sengu.vip} -u app -papp test
  {sengu_command} status --admin {sengu.admin_address}
  {sengu_command} events --admin {sengu.admin_address}
  {sengu_command} failover orders --admin {sengu.admin_address}
  redis-cli -h {sengu.vip} -p 26379 sentinel masters
  curl http://{sengu.vip}:9126/metrics
  kill -9 PID    of a server:""")
    for first, second in zip(pids[::2], pids[1::2]):
        print(f"    {first}, {second}")
    print(f"Scratch folder: {directory} (logs, data). Ctrl-C ends everything.", flush=True)
    while True:
        time.sleep(1)
        sengu.must_run()


def addresses_are_free():
    wanted = [(10, port) for port in PROXY_PORTS] + [(11 + n, 6379) for n in range(3)] + [(21 + n, 3306) for n in range(3)]
    for host, port in wanted:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"{BLOCK}.{host}", port))
            except OSError as error:
                return f"{BLOCK}.{host}:{port}: {error.strerror} (another demo?)"
    return None


def options_of():
    parser = argparse.ArgumentParser(description="A failover on real servers; run it by ./deploy/demo.")
    parser.add_argument("--once", action="store_true", help="end after the story, with 0 if all went well, else 1")
    parser.add_argument("--mysql", action="store_const", const="mysql", default="mariadb", dest="flavour",
                        help="MySQL 9 in place of MariaDB")
    return parser.parse_args()


def main():
    options = options_of()
    if busy := addresses_are_free():
        print(f"demo: {busy}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))

    directory = Path(tempfile.mkdtemp(prefix="sengu-demo-"))
    line = Timeline()
    redis = RedisGroup(BLOCK, directory, appendonly=True)
    orders = MySqlGroup(BLOCK, directory, options.flavour, first_host=21, semi_sync=FOREVER)
    sengu = Sengu(BLOCK, directory / "sengu", redis.addresses, name="sessions", readers=True)
    sengu.add_group(orders.addresses, "orders", "mysql", readers=True)
    try:
        for label, group in (("redis", redis), (options.flavour, orders)):
            group.start()
            line.say(f"three servers, {group.addresses[0]} to {group.addresses[-1]}", label)
        sengu.start()
        sides = [Side("redis", redis, sengu, Writers(sengu.vip, WRITERS, pace=PACE)),
                 Side(options.flavour, orders, sengu.as_seen_for("orders"),
                      MySqlWriters(sengu.vip, WRITERS, pace=PACE))]
        problems = failover(sides, line)
        for problem in problems:
            print(f"demo: FAILED: {problem}", file=sys.stderr)
        if not options.once and not problems:
            by_hand(sides, sengu, directory)
        return 1 if problems else 0
    except AssertionError as error:
        print(f"demo: FAILED: {error}\n{sengu.log_tail()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if not options.once else 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):    # a second Ctrl-C must not leave things behind
            signal.signal(number, signal.SIG_IGN)
        sengu.kill()
        redis.stop()
        orders.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
