"""sengu itself is frozen, all of its threads at once."""

import time

from sengu_e2e import account, eventually, let_pass


def ready_group(world):
    group = world.redis()
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu


def test_healthy_group_stays_as_it_is(world):
    group, sengu = ready_group(world)
    epoch, master = sengu.state()["epoch"], group.nodes[0]
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300, what="writes flow")

    sengu.pause()
    let_pass(5)
    sengu.resume()
    continued = time.monotonic()
    eventually(lambda: writers.since(continued + 1), 20, "writers go on by themselves")
    sengu.wait_routed(master.name)
    eventually(lambda: sengu.events("-tilt"), what="it has looked anew")
    writers.stop()

    assert sengu.events("+tilt")[0]["reason"] == "tilt"
    assert sengu.state()["epoch"] == epoch and not sengu.state()["tilt"]
    assert not sengu.events("+switch-master") and not sengu.events("+try-failover")
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]
    accounts = account(writers.keys, master)
    assert not accounts.lost, str(accounts)
