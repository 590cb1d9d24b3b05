"""All three nodes are restarted, 2.5 s apart, under writers, without any data on disk: what a replica had received is there."""

import time

import pytest

from sengu_e2e import account, eventually, let_pass

APART = 2.5   # each second a replica tries to reach its master, counted from its own start: not just when that one is back


def kill(node):
    node.kill()


def shutdown(node):
    """As under a service manager; Redis lets its replicas catch up first."""
    with node.connect() as operator:
        operator.send("SHUTDOWN", "NOSAVE")
        node.process.wait(20)


@pytest.mark.parametrize("first", ["master first", "master last"])
@pytest.mark.parametrize("end", [kill, shutdown])
def test_every_node_is_restarted(world, end, first):
    group = world.redis()              # neither AOF nor RDB
    sengu = world.sengu(group, failover={"cooldown": "30s"})
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps, writers = world.tap(*group.nodes), world.writers(sengu)
    eventually(lambda: writers.acked > 500 and all(tap.received for tap in taps[1:]), what="writes flow")
    begun = time.monotonic()
    for number, node in enumerate(group.nodes if first == "master first" else reversed(group.nodes)):
        let_pass(max(0, begun + number * APART - time.monotonic()))
        end(node)
        node.start()
        taps += world.tap(node)
    over = time.monotonic()
    eventually(lambda: writers.since(over + 0.5), 60, "writers go on")
    writers.stop()
    master = group.by_name(sengu.wait_routed())
    eventually(lambda: group.masters() == [master], 20, "one master")
    group.wait_synced(master)
    accounts = account(writers.keys, master, taps)
    print(f"{accounts}; longest wait {writers.longest_gap(since=begun):.2f} s, epoch {sengu.state()['epoch']}")
    assert not accounts.keepable, str(accounts)
    for node in group.nodes:
        assert node.keys() >= master.keys(), f"{node.name} is no whole copy"
