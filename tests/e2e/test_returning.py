"""A master that restarts: with the `replicaof` of its days as a replica, or with writes that only it has.

The first ends in two replicas of each other, and no master, for ever, without somebody who knows better (CONFIG REWRITE failed,
or configuration management put the old file back). Here the service is back within 2 s, also within the cool-down.
"""

import time

import pytest

from sengu_e2e import RedisGroup, account, eventually, let_pass, never

LONGEST = 2.0    # without a master, from the kill


def ready_group(world, count, **failover):
    group = world.redis(count, appendonly=True, options=("--appendfsync", "always"))
    sengu = world.sengu(group, failover={"cooldown": "30s", **failover})
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu



def fail_over(world, sengu, group, writers):
    """The first master dies; returns the promoted one."""
    old = group.by_name(sengu.routed())
    old.kill()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), what="writers go on")
    return old, new


def restart_as_replica_of(node, other):
    node.kill()
    killed = time.monotonic()
    conf = node.directory / "redis.conf"
    lines = [line for line in conf.read_text().splitlines() if not line.startswith("replicaof ")]
    conf.write_text("\n".join([*lines, f"replicaof {other.address} {other.port}"]) + "\n")
    node.start()
    return killed


def expect_service_again(sengu, group, writers, killed):
    """The wait of clients, from the kill, and who is master then."""
    eventually(lambda: writers.since(killed + 0.3), 20, "writers go on")
    wait = writers.longest_gap(since=killed)
    assert wait <= LONGEST, f"no master for {wait:.2f} s"
    master = group.by_name(sengu.wait_routed())
    eventually(lambda: group.masters() == [master], what="one master")
    group.wait_linked(master)
    return wait, master


def flowing(world, group, writers, master):
    """New ears on the replicas, and something to be heard."""
    taps = world.tap(*[node for node in group.nodes if node is not master and node.alive])
    before = writers.acked
    eventually(lambda: writers.acked > before + 200 and all(tap.received for tap in taps), what="writes flow")
    return taps


@pytest.mark.parametrize("old_master", ["dead", "back"])
@pytest.mark.parametrize("count", [2, 3])
def test_promoted_master_restarts_as_a_replica(world, count, old_master):
    group, sengu = ready_group(world, count)
    writers = world.writers(sengu)
    taps = flowing(world, group, writers, group.nodes[0])
    old, promoted = fail_over(world, sengu, group, writers)
    if old_master == "back":
        old.start()
        eventually(lambda: old.follows(promoted), 20, "the old master follows")
        eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate again")
        taps += flowing(world, group, writers, promoted)

    before = writers.keys
    killed = restart_as_replica_of(promoted, old)
    wait, master = expect_service_again(sengu, group, writers, killed)
    writers.stop()
    print(f"no master for {wait * 1000:.0f} ms, then {'the same' if master is promoted else 'another'}")
    accounts = account(writers.keys, master, taps)
    assert not accounts.keepable, str(accounts)
    if master is promoted:
        assert not accounts.lost - before, "what it acknowledged itself it has"


def test_each_master_in_turn_restarts_as_a_replica(world):
    """Five changes of master within one cool-down: it holds back failovers, not this."""
    group, sengu = ready_group(world, 3)
    writers, taps, waits, master = world.writers(sengu), [], [], group.nodes[0]
    for _ in range(5):
        other = next(node for node in group.nodes if node is not master)
        taps += flowing(world, group, writers, master)
        eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
        killed = restart_as_replica_of(master, other)
        wait, master = expect_service_again(sengu, group, writers, killed)
        waits.append(wait)
    writers.stop()
    print("no master for", *(f"{wait * 1000:.0f}" for wait in waits), "ms")
    accounts = account(writers.keys, master, taps)
    assert not accounts.keepable, str(accounts)


def with_writes_of_its_own(world, network, **failover):
    """A master with acknowledged writes that no replica has: (group, sengu, master, the writers of them)."""
    group = world.redis(appendonly=True, options=("--appendfsync", "always"))
    sengu = world.sengu(group, failover={"cooldown": "30s", **failover})
    master, *replicas = group.nodes
    master.fill(1000)
    group.wait_synced(master)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    for replica in replicas:
        network.cut(master.address, replica.address)
    for replica in replicas:      # both ends, or the kernels deliver what was sent
        replica.ask("CLIENT", "KILL", "TYPE", "master")
    master.ask("CLIENT", "KILL", "TYPE", "replica")
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 100, what="writes flow")
    writers.stop()
    eventually(lambda: all(sengu.node(replica.name)["lag_bytes"] > 2000 for replica in replicas), what="a probe has seen them")
    return group, sengu, master, writers


def test_restarted_masters_own_writes_are_counted(network, world):
    """A restart is a failover: what only the old master has is given up, but not without a word."""
    group, sengu, old, writers = with_writes_of_its_own(world, network)
    old.kill()
    old.start()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    network.heal()
    eventually(lambda: old.follows(new), 20, "the old master follows")
    assert account(writers.keys, new).lost, "the case itself"
    (event,) = sengu.events("+lost-writes")
    assert event["node"] == old.name and "estimate=last_probe" in event["text"]


def test_restarted_masters_own_writes_are_kept_for_rejoin_delay(network, world):
    group, sengu, old, writers = with_writes_of_its_own(world, network, rejoin_delay="1h")
    old.kill()
    old.start()
    sengu.wait_routed(other_than=old.name)
    network.heal()
    never(lambda: old.role() != "master", 1, "its own writes are thrown away")
    assert not account(writers.keys, old).lost
    assert f"! {old.name}: says master and is not routed" in sengu.run("status", "g").stdout


def test_master_that_returns_as_a_replica_with_writes_of_its_own(network, world):
    """Its configuration wipes it before anybody can say a word; sengu tells what that cost."""
    group, sengu, old, writers = with_writes_of_its_own(world, network)
    restart_as_replica_of(old, group.nodes[1])
    network.heal()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    eventually(lambda: old.follows(new), 20, "the old master follows")
    assert account(writers.keys, new).lost, "the case itself"
    (event,) = eventually(lambda: sengu.events("+lost-writes"), what="the loss is told of")
    assert event["node"] == old.name and "estimate=last_probe" in event["text"]


def test_replicas_of_a_master_that_returns_as_a_replica(world):
    """They are not left in a chain below it: it may go away again."""
    group, sengu = ready_group(world, 3, on_process_death="down_after")
    old = group.nodes[0]
    restart_as_replica_of(old, group.nodes[1])
    eventually(lambda: sengu.state()["epoch"] > 1, what="another epoch")
    group.wait_replicating(group.by_name(sengu.wait_routed()))


def test_returned_master_over_its_maxmemory(world):
    """Before Redis 8 it refuses the whole transaction of a demotion (OOM): it would stay a writable master for ever."""
    group, sengu = ready_group(world, 3)
    old = group.nodes[0]
    bypassing = old.connect()
    old.fill(2000, size=1000)
    group.wait_synced(old)
    old.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    old.ask("CONFIG", "SET", "maxmemory", "1mb")
    assert old.refuses_write("OOM")
    old.pause()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    let_pass(1)    # the fence is given up: while it is paused, a Redis looks at no maxmemory
    old.resume()
    eventually(lambda: old.follows(new), 20, "it follows")
    assert bypassing.closed_by_peer(within=1)
    assert old.refuses_write("READONLY") or old.refuses_write("OOM")
    assert not sengu.events("+step-failed")
    if old.release()[0] == "redis" and int(old.release()[1].split(".")[0]) < 8:
        assert "errorstat_EXECABORT" in old.info("errorstats"), "the case itself"
    old.ask("CONFIG", "SET", "maxmemory", 0)
    assert old.refuses_write("READONLY")


def test_returned_master_without_client(world):
    """CLIENT is renamed: it is demoted all the same. That its clients are not cut is known before."""
    group = RedisGroup(world.block, world.directory, appendonly=True)
    world.groups.append(group)
    old = group.nodes[0]
    old.options += ["--rename-command CLIENT", "secret-client"]
    group.start()
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    found = eventually(lambda: sengu.state()["findings"], what="findings")
    assert any(line.startswith(f"{old.name}: refuses CLIENT KILL (ERR unknown command 'CLIENT')") for line in found), found
    old.kill()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    old.start()
    eventually(lambda: old.follows(new), 20, "it follows")
    assert not sengu.events("+step-failed")
