"""sengu dies at each point that RULES §7.2 names, and starts again before and after the old master's return."""

import time

import pytest

from sengu_e2e import account, eventually

AFTER_A_DEATH = ["before_the_journal", "after_switching", "after_held", "after_acknowledgements", "promote_sent", "observed",
                 "journalled", "repointing"]


def begin(world, point):
    """A group with writers behind a sengu that will die at `point`."""
    group = world.redis(appendonly=True)
    sengu = world.sengu(group, prefix=["env", f"SENGU_CRASH_AT={point}"])
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300 and all(tap.received for tap in taps), what="writes flow")
    return group, sengu, taps, writers


def died(sengu):
    eventually(lambda: sengu.process.poll() is not None, what="sengu dies at its point")
    sengu.prefix = []


def all_is_well(group, sengu, taps, writers, least_epoch, most_epoch):
    """One routed master that has all that could be kept; everyone else follows it."""
    new = group.by_name(sengu.wait_routed(within=30))
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), 20, "writers go on")
    eventually(lambda: group.masters() == [new], 20, "one master")
    for node in group.nodes:
        if node is not new:
            eventually(lambda node=node: node.follows(new), 20, f"{node.name} follows {new.name}")
    writers.stop()
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert least_epoch <= sengu.state()["epoch"] <= most_epoch


@pytest.mark.parametrize("returns", ["before", "after"])
@pytest.mark.parametrize("point", AFTER_A_DEATH)
def test_after_the_death_of_the_master(world, point, returns):
    group, sengu, taps, writers = begin(world, point)
    epoch = sengu.state()["epoch"]
    old = group.nodes[0]
    old.kill()
    died(sengu)
    if returns == "before":
        old.start()
        sengu.start(within=30)
    else:
        sengu.start(within=30)
        old.start()
    all_is_well(group, sengu, taps, writers, epoch + 1, epoch + 3)


@pytest.mark.parametrize("point", ["after_the_fence", "after_acknowledgements", "promote_sent"])
def test_after_an_order(world, point):
    """The old master lives: it is unfenced, or follows the new one; never neither."""
    group, sengu, taps, writers = begin(world, point)
    epoch = sengu.state()["epoch"]
    sengu.run("failover", "g", "--to", group.nodes[1].name)
    died(sengu)
    sengu.start(within=30)
    # The workers may acknowledge before the disk has taken the new epoch: then nothing had begun.
    written = point != "after_acknowledgements"
    all_is_well(group, sengu, taps, writers, epoch + 1 if written else epoch, epoch + 3)
