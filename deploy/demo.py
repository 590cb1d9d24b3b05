"""The demo: three Redis servers behind one address, a steady writer, kill -9 of the master, and what clients saw.

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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from sengu_e2e import RedisGroup, Sengu, Writers, account, eventually  # noqa: E402
from sengu_e2e.proxy import binary  # noqa: E402

BLOCK = "127.77.0"


class Timeline:
    """Lines with the milliseconds since the kill (before it: since the start, without a number)."""

    def __init__(self):
        self.zero = None

    def say(self, text, when=None):
        moment = "        " if self.zero is None else f"{((when or time.monotonic()) - self.zero) * 1000:+6.0f} ms"
        print(f"{moment:>9}  {text}", flush=True)


def addresses_are_free():
    for host in (10, 11, 12, 13):
        for port in (6379,) if host > 10 else (6379, 6380, 26379, 9126):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((f"{BLOCK}.{host}", port))
                except OSError as error:
                    return f"{BLOCK}.{host}:{port}: {error.strerror} (another demo?)"
    return None


def failover(group, sengu, writers, line):
    """The story; returns the list of what went wrong."""
    old = group.by_name(sengu.wait_routed())
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a replica fit to take over")
    epoch = sengu.state()["epoch"]
    line.say(f"sengu routes {sengu.vip}:6379 to the master {old.name}, epoch {epoch}")
    writers.start()
    eventually(lambda: writers.acked >= 1500, what="writes flow")
    line.say(f"{len(writers.all)} writers through the VIP, {writers.acked} writes acknowledged so far")

    line.zero = time.monotonic()
    line.say(f"kill -9 {old.process.pid}  (the master, {old.name})", line.zero)
    old.kill()
    eventually(lambda: writers.since(line.zero + 0.3), 20, "all writers go on")
    new_name = sengu.wait_routed(other_than=old.name)
    last, first, gap = worst_gap(writers, line.zero)
    line.say("last write acknowledged by the old master", last)
    for event in sengu.events("+switch-master"):
        line.say(f"{event['event']} {event['text']}, epoch {event['epoch']}", first)
    line.say(f"first write acknowledged by the new master, {new_name}", first)
    line.say(f"outage: {gap * 1000:.0f} ms (the longest wait of any of the {len(writers.all)} writers)")

    problems = []
    new = group.by_name(new_name)
    old.start()
    line.say(f"the dead master {old.name} is started again")
    try:
        eventually(lambda: old.follows(new), 15, "the old master follows the new one")
        line.say(f"it follows {new.name} as a replica")
    except AssertionError as error:
        problems.append(str(error))
    done = time.monotonic()
    eventually(lambda: writers.since(done), 10, "writers go on")
    writers.stop()
    accounts = account(writers.keys, new)
    line.say(f"acknowledged writes: {accounts.acked}, lost: {len(accounts.lost)}")
    if accounts.lost:
        problems.append(f"{len(accounts.lost)} acknowledged writes were lost")
    if sengu.state()["epoch"] != epoch + 1:
        problems.append(f"epoch {sengu.state()['epoch']}, expected {epoch + 1}")
    if group.masters() != [new]:
        problems.append("more than one master")
    return problems


def worst_gap(writers, kill):
    """(start, end, length) of the longest wait that spans or follows the kill."""
    gaps = [(length, start) for writer in writers.all for length, start in writer.gaps(since=kill)]
    length, start = max(gaps)
    return start, start + length, length


def by_hand(sengu, group, directory):
    sengu_command = os.path.relpath(binary())
    print(f"""
Still running; try by hand, in another terminal:
  redis-cli -h {sengu.vip} set hello world          through the VIP ({sengu.vip}:6380 reads from replicas)
  {sengu_command} status --admin {sengu.admin_address}
  {sengu_command} events --admin {sengu.admin_address}
  {sengu_command} failover demo --admin {sengu.admin_address}
  redis-cli -h {sengu.vip} -p 26379 sentinel masters
  curl http://{sengu.vip}:9126/metrics
  kill -9 PID                                         of a Redis server: {', '.join(pids(group))}
Scratch folder: {directory} (logs, data). Ctrl-C ends everything.""", flush=True)
    while True:
        time.sleep(1)
        sengu.must_run()


def pids(group):
    return [f"{node.name} {node.process.pid}" for node in group.nodes]


def main():
    parser = argparse.ArgumentParser(description="A failover on real Redis servers; run it by ./deploy/demo.")
    parser.add_argument("--once", action="store_true", help="end after the story, with 0 if all went well, else 1")
    options = parser.parse_args()
    if busy := addresses_are_free():
        print(f"demo: {busy}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))

    directory = Path(tempfile.mkdtemp(prefix="sengu-demo-"))
    line = Timeline()
    group = RedisGroup(BLOCK, directory, appendonly=True)
    sengu = Sengu(BLOCK, directory / "sengu", group.addresses, name="demo", readers=True)
    writers = Writers(sengu.vip, 4)
    try:
        group.start()
        line.say(f"three Redis servers: {', '.join(group.addresses)}")
        sengu.start()
        problems = failover(group, sengu, writers, line)
        for problem in problems:
            print(f"demo: FAILED: {problem}", file=sys.stderr)
        if not options.once and not problems:
            by_hand(sengu, group, directory)
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
        group.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
