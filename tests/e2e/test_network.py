"""Cut cables: a broken path is not a dead master, a silent host is. In a network of the test's own; needs root."""

import time

from sengu_e2e import account, eventually, never

PROXY = "127.0.0.1"     # where sengu's connections come from; Redis servers use their own address
DOWN_AFTER = 1.5


def test_only_our_path_to_the_master_is_cut(network, world):
    group = world.redis()
    sengu = world.sengu(group, failover={"hold_timeout": "30s"})
    master = group.nodes[0]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    epoch = sengu.state()["epoch"]
    writers = world.writers(sengu, timeout=40)
    eventually(lambda: writers.acked > 200, what="writes flow")

    network.cut(PROXY, master.address)
    eventually(lambda: sengu.events("+unreachable"), 10, "+unreachable")
    never(lambda: sengu.events("+switch-master") or sengu.state()["epoch"] != epoch, 3, "a promotion")
    assert all(replica.role() == "slave" for replica in group.nodes[1:])

    network.heal()
    healed = time.monotonic()
    sengu.wait_routed(master.name, within=20)
    eventually(lambda: writers.since(healed + 0.5), 30, "writers go on by themselves")
    writers.stop()
    accounts = account(writers.keys, master)
    assert not accounts.lost, str(accounts)
    assert sengu.state()["epoch"] == epoch


def test_the_masters_host_is_gone(network, world):
    group = world.redis()
    sengu = world.sengu(group)
    old = group.nodes[0]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    routes = world.watch(sengu)
    eventually(lambda: writers.acked > 500 and all(tap.received for tap in taps), what="writes flow")

    network.cut(old.address)
    gone = time.monotonic()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    switched = time.monotonic()
    assert DOWN_AFTER - 0.3 <= switched - gone < DOWN_AFTER + 2
    eventually(lambda: writers.since(switched), what="writers go on")

    network.heal()
    eventually(lambda: old.role() == "slave", 10, "demoted when it is back")
    eventually(lambda: old.follows(new), 70, "and follows")
    writers.stop()
    routes.stop()
    assert old.address not in routes.addresses(since=switched)
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new]


def test_all_nodes_silent_is_our_own_network(network, world):
    group = world.redis()
    sengu = world.sengu(group)
    epoch = sengu.state()["epoch"]
    for node in group.nodes:
        network.cut(PROXY, node.address)
    eventually(lambda: sengu.state()["route"]["state"] == "held", 10, "held")
    never(lambda: sengu.events("+switch-master"), 3, "a promotion")
    network.heal()
    sengu.wait_routed(group.nodes[0].name, within=20)
    assert sengu.state()["epoch"] == epoch
