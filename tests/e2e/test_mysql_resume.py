"""sengu dies in the middle of a promotion on a MySQL group, at each point that RULES §7.2 names, and starts again."""

import pytest

from sengu_e2e import eventually, never, nothing_lost

BEFORE_THE_STEPS = ["before_the_journal", "after_switching", "after_held", "after_acknowledgements"]
IN_THE_PROMOTION = ["promote_sent", "observed", "journalled", "repointing"]


def begin(world, flavour, point=None):
    """A group with writers behind a sengu that will die at `point`."""
    group, sengu, _ = world.ready_mysql(flavour, prefix=["env", f"SENGU_CRASH_AT={point}"] if point else [])
    writers = world.writers(sengu)
    writers.wait_acked(200)
    return group, sengu, writers


def died(sengu):
    eventually(lambda: sengu.process.poll() is not None, 30, "sengu dies at its point")
    sengu.prefix = []


def all_is_well(group, sengu, writers, epoch):
    """One writable master that has all that was acknowledged. Every other node follows it; only the old master may be
    kept out instead, with transactions of its own."""
    new = group.by_name(sengu.wait_routed(within=30))
    writers.wait_going_on()
    eventually(lambda: group.masters() == [new], 20, "one writable master")
    first = group.nodes[0]
    followers = [node for node in group.nodes if node is not new]
    for node in followers:
        eventually(lambda n=node: n.follows(new) or (n is first and sengu.node(n.name)["errant"]), 30,
                   f"{node.name} follows {new.name}, and its IO thread runs")
    assert not any(node.writable() for node in followers)
    writers.stop()
    accounts = nothing_lost(writers, new)
    kept_out = sengu.node(first.name)["errant"]
    for node in followers:
        if not (node is first and kept_out):
            node.wait_same_rows(new)
    raised = sengu.state()["epoch"] - epoch
    assert raised <= 3
    assert raised > 0 or new is first, "each change of master has an epoch of its own"   # unless it died before it was journalled
    print(f"{new.name}: {accounts}, epoch {epoch} to {sengu.state()['epoch']}, the first master "
          f"{'stays' if new is first else f'is kept out: {kept_out}' if kept_out else 'follows'}")


@pytest.mark.parametrize("point", BEFORE_THE_STEPS + IN_THE_PROMOTION)
def test_after_the_death_of_the_master(world, flavour, point):
    group, sengu, writers = begin(world, flavour, point)
    epoch, old = sengu.state()["epoch"], group.nodes[0]
    old.kill()
    died(sengu)
    sengu.start(within=30)
    old.start()
    all_is_well(group, sengu, writers, epoch)


@pytest.mark.parametrize("point", ["after_acknowledgements", "promote_sent"])
def test_the_old_master_is_back_first(world, flavour, point):
    """Read-only, as a server that merely started."""
    group, sengu, writers = begin(world, flavour, point)
    epoch, old = sengu.state()["epoch"], group.nodes[0]
    old.kill()
    died(sengu)
    old.start()
    sengu.start(within=30)
    all_is_well(group, sengu, writers, epoch)


@pytest.mark.parametrize("point", ["after_acknowledgements", "after_the_fence", "promote_sent"])
def test_after_an_order(world, flavour, point):
    """The old master lives: it is unfenced and its replicas receive again, or all follow the new one; never neither."""
    group, sengu, writers = begin(world, flavour, point)
    epoch = sengu.state()["epoch"]
    sengu.run("failover", "g", "--to", group.nodes[1].name)
    died(sengu)
    sengu.start(within=30)
    all_is_well(group, sengu, writers, epoch)


@pytest.mark.parametrize("old_master", ["dead", "back"])
def test_while_the_relay_log_is_applied(world, flavour, old_master):
    """Both IO threads are stopped and the best replica is not ready: they run again, or the promotion goes on."""
    group, sengu, writers = begin(world, flavour)
    epoch = sengu.state()["epoch"]
    old, *replicas = group.nodes
    lockers = [replica.connect(timeout=60).open() for replica in replicas]
    for locker in lockers:
        locker.query("LOCK TABLES test.w READ")       # the appliers wait, the IO threads go on
    writers.wait_acked(writers.acked + 50)            # which are received and not applied
    old.kill()
    eventually(lambda: sengu.state()["phase"] == "applying", 20, "it waits for the relay log")
    sengu.kill()
    assert [replica.replica_status().io for replica in replicas] == ["No", "No"]
    if old_master == "back":
        old.start()
    sengu.start(ready=False)
    eventually(sengu.ready, what="it answers")
    never(lambda: any(replica.writable() for replica in replicas), 0.5, "promoted with an unapplied relay log")
    for locker in lockers:
        locker.query("UNLOCK TABLES")
        locker.close()
    if old_master == "dead":
        sengu.wait_routed(other_than=old.name, within=30)
        old.start()
    all_is_well(group, sengu, writers, epoch)
