"""An in-memory master that comes back empty must not wipe the last copies (Sentinel lost 6,109 of 6,109 keys here)."""

import time

import pytest

from sengu_e2e import account, eventually, let_pass


@pytest.mark.parametrize("pause_ms", [0, 200])
def test_empty_return(world, pause_ms):
    group = world.redis()                    # neither AOF nor RDB
    sengu = world.sengu(group)
    old = group.nodes[0]
    old.fill(2000)
    group.wait_synced(old)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    expected = old.keys()

    old.kill()
    let_pass(pause_ms / 1000)              # the case itself, not a wait for something
    old.start(wait=False)
    new = group.by_name(sengu.wait_routed(within=20))
    eventually(lambda: len([n for n in group.nodes if n.alive]) == 3 and len(group.masters()) == 1, 20, "one master")
    new = group.by_name(sengu.wait_routed())
    assert new is not old
    group.wait_synced(new)
    for node in group.nodes:
        assert node.keys() >= expected, f"{node.name} lost {len(expected - node.keys())} keys"


@pytest.mark.parametrize("pause_ms", [0, 200])
def test_empty_return_under_writes(world, pause_ms):
    group = world.redis()
    sengu = world.sengu(group)
    old = group.nodes[0]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 1000 and all(tap.received for tap in taps), what="writes flow")

    old.kill()
    died = time.monotonic()
    let_pass(pause_ms / 1000)
    old.start(wait=False)
    eventually(lambda: writers.since(died + 1), 20, "writers go on")
    writers.stop()
    new = group.by_name(sengu.wait_routed())
    group.wait_synced(new)
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new]


def test_restart_with_its_data_loses_nothing(world):
    """AOF, back at once: whether it goes on as master or a replica took over, all acknowledged writes are there."""
    group = world.redis(appendonly=True, options=("--appendfsync", "always"))
    sengu = world.sengu(group)
    old = group.nodes[0]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 500 and all(tap.received for tap in taps), what="writes flow")
    old.kill()
    old.start(wait=False)
    died = time.monotonic()
    eventually(lambda: writers.since(died + 1), 20, "writers go on")
    writers.stop()
    new = group.by_name(sengu.wait_routed())
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    eventually(lambda: group.masters() == [new], 20, "one master")
