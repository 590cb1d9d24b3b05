"""Which copy of the data may become the master's: old ones, emptied ones, and another application's server (RULES §5, §6)."""

import pytest

from sengu_e2e import Connection, RedisServer, eventually, let_pass, never

DEAF_AFTER = 4    # seconds: ten times the down_after of `quick`
QUICK = {"interval": "100ms", "timeout": "300ms", "down_after": "400ms"}
ALWAYS = ("--appendfsync", "always")


def ready(world, count=3, options=(), health=None, failover=None, **servers):
    group = world.redis(count, options=options, **servers)
    sengu = world.sengu(group, health=health, failover=failover)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu


def all_is_seen(sengu, group):
    """Each node was asked at least twice more."""
    def probes():
        return sengu.metrics()['sengu_probe_duration_seconds_count{group="g"}']
    enough = probes() + 3 * len(group.nodes)
    eventually(lambda: probes() >= enough, what="all is seen")


def write(sengu, count, prefix="key"):
    with Connection(sengu.vip) as client:
        for number in range(count):
            client.send("SET", f"{prefix}:{number}", "x")
        for _ in range(count):
            assert client.read() == "OK"


def break_link(replica):
    replica.ask("CONFIG", "SET", "masterauth", "wrong")
    replica.ask("CLIENT", "KILL", "TYPE", "master")


def mend_link(replica):
    replica.ask("CONFIG", "SET", "masterauth", replica.password)


@pytest.mark.parametrize("runs", ["throughout", "anew"])
def test_a_stale_replica_in_a_full_sync(world, runs):
    """It was deaf while 1,000 writes went through; then the master restarts with all of them, and its full sync begins."""
    group = world.redis(2, appendonly=True, password="secret", options=ALWAYS)
    sengu = world.sengu(group, health=QUICK, group=password_keys(world))
    master, replica = group.nodes
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    break_link(replica)
    with Connection(sengu.vip) as client:
        client.command("AUTH", "secret")
        for number in range(1000):
            client.command("SET", f"key:{number}", "x")
    eventually(lambda: sengu.rejected().get(replica.name) == "deaf_long_before", 3 * DEAF_AFTER, "deaf")
    if runs == "anew":
        assert sengu.stop() == 0
    master.kill()
    master.start(wait=False)
    mend_link(replica)
    if runs == "anew":
        sengu.start()
    assert sengu.wait_routed() == master.name
    eventually(lambda: replica.follows(master), 20, "the replica follows")
    assert master.ask("DBSIZE") == replica.ask("DBSIZE") == 1000
    assert not sengu.events("+switch-master")


def password_keys(world):
    file = world.directory / "password"
    file.write_text("secret\n")
    file.chmod(0o600)
    return {"password_file": str(file)}


def delete_by_hand(replica):
    replica.ask("CONFIG", "SET", "replica-read-only", "no")
    replica.ask("FLUSHALL")
    replica.ask("CONFIG", "SET", "replica-read-only", "yes")


def test_an_emptied_replica_is_passed_over(world):
    group, sengu = ready(world)
    master, emptied, whole = group.nodes
    whole.ask("CONFIG", "SET", "replica-priority", 200)   # the other one would be preferred
    write(sengu, 1000)
    group.wait_synced(master)
    all_is_seen(sengu, group)
    delete_by_hand(emptied)
    eventually(lambda: any("of the 1000 that it held" in finding for finding in sengu.state()["findings"]), what="a finding")
    master.kill()
    assert sengu.wait_routed(other_than=master.name) == whole.name
    assert whole.ask("DBSIZE") == 1000


def test_an_emptied_replica_waits_for_the_master(world):
    group, sengu = ready(world, 2, appendonly=True, options=ALWAYS)
    master, emptied = group.nodes
    write(sengu, 1000)
    group.wait_synced(master)
    all_is_seen(sengu, group)
    delete_by_hand(emptied)
    eventually(lambda: sengu.rejected().get(emptied.name) == "copy_emptied", what="it is noticed")
    master.kill()
    never(lambda: sengu.events("+switch-master"), 3, "a promotion of the emptied replica")
    master.start(wait=False)
    assert sengu.wait_routed() == master.name
    eventually(lambda: emptied.ask("DBSIZE") == 1000, 20, "the replica has all again")
    assert master.ask("DBSIZE") == 1000


def test_the_last_copy_is_promoted_though_emptied(world):
    group, sengu = ready(world, 2, appendonly=True, options=ALWAYS, failover={"amnesia_wait": "3s"})
    master, emptied = group.nodes
    write(sengu, 1000)
    group.wait_synced(master)
    all_is_seen(sengu, group)
    delete_by_hand(emptied)
    eventually(lambda: sengu.rejected().get(emptied.name) == "copy_emptied", what="it is noticed")
    master.kill()
    assert sengu.wait_routed(other_than=master.name) == emptied.name
    assert sengu.events("+amnesia", text="keys=0 held=1000")
    master.start()
    never(lambda: master.role() == "slave", 1.5, "the fuller copy is wiped")
    assert master.ask("DBSIZE") == 1000


@pytest.mark.parametrize("since", ["writes", "nothing"])
def test_a_master_that_may_restart_in_peace(world, since):
    """on_process_death = "down_after": it comes back from its RDB at once, with or without what was written since."""
    group, sengu = ready(world, save=True, failover={"on_process_death": "down_after"})
    master = group.nodes[0]
    write(sengu, 1000, "saved")
    master.ask("SAVE")
    if since == "writes":
        write(sengu, 1000, "later")
        with Connection(sengu.vip) as client:
            assert client.command("WAIT", 2, 2000) == 2
    master.kill()
    master.start(wait=False)
    if since == "nothing":
        assert sengu.wait_routed() == master.name
        eventually(lambda: sengu.state()["epoch"] == 2, what="it is taken back")
    new = group.by_name(sengu.wait_routed(other_than=master.name if since == "writes" else None))
    assert new.ask("DBSIZE") == (2000 if since == "writes" else 1000)
    eventually(lambda: all(node.follows(new) for node in group.nodes if node is not new), 20, "all follow")


def test_an_expiry_is_no_amnesia(world):
    group = world.redis(2, appendonly=True, options=ALWAYS)
    master, replica = group.nodes
    replica.ask("CONFIG", "SET", "replica-priority", 0)
    sengu = world.sengu(group)
    write(sengu, 1000)
    with Connection(sengu.vip) as client:
        for number in range(900):
            client.send("PEXPIRE", f"key:{number}", 6000)
        for _ in range(900):
            assert client.read() == 1
    all_is_seen(sengu, group)
    assert master.ask("DBSIZE") == 1000 and sengu.rejected().get(replica.name) == "priority_zero"
    master.kill()
    let_pass(7)         # the time away, longer than theirs to live
    master.start(wait=False)
    assert sengu.wait_routed() == master.name
    assert 100 <= master.ask("DBSIZE") < 500     # the last of them are deleted a little later


def stranger_at(world, node, keys):
    """Another application's server under the node's address."""
    stranger = RedisServer(node.address, world.directory / "stranger", node.port)
    stranger.start()
    stranger.fill(keys, prefix="theirs")
    world.ended.append(stranger.kill)
    return stranger


def test_a_stranger_at_a_replicas_address(world):
    group, sengu = ready(world)
    master, _, dead = group.nodes
    write(sengu, 1000)
    group.wait_synced(master)
    all_is_seen(sengu, group)
    dead.kill()
    stranger = stranger_at(world, dead, 700)
    eventually(lambda: sengu.events("+stranger", node=dead.name), what="it is noticed")
    never(lambda: stranger.role() == "slave", 1.5, "it is made a replica")
    assert any("700 keys" in finding and "sengu rejoin g" in finding for finding in sengu.state()["findings"])
    order = sengu.run("rejoin", "g", dead.name)
    assert order.returncode == 1 and "--wipe gives them up" in order.stderr
    assert stranger.ask("DBSIZE") == 700
    order = sengu.run("rejoin", "g", dead.name, "--wipe")
    assert order.returncode == 0, order.stderr
    eventually(lambda: stranger.follows(master) and stranger.ask("DBSIZE") == 1000, 20, "it is taken in")


@pytest.mark.parametrize("keys", [700, 2500, 300])
def test_a_stranger_at_the_masters_address(world, keys):
    group, sengu = ready(world, failover={"on_process_death": "down_after"})
    master = group.nodes[0]
    write(sengu, 1000)
    group.wait_synced(master)
    all_is_seen(sengu, group)
    for replica in group.nodes[1:]:
        replica.ask("CONFIG", "SET", "repl-diskless-load", "disabled")
    master.kill()
    stranger = stranger_at(world, master, keys)
    new = group.by_name(sengu.wait_routed(other_than=master.name))
    never(lambda: stranger.role() == "slave", 1.5, "it is made a replica")
    assert stranger.ask("DBSIZE") == keys
    assert new.ask("DBSIZE") == 1000
    eventually(lambda: all(node.follows(new) for node in group.nodes[1:] if node is not new), 20, "the others follow")
    assert [node.ask("DBSIZE") for node in group.nodes[1:]] == [1000, 1000]


def test_a_returned_master_without_its_history_rejoins(world):
    """From an AOF it has all its data, and a replication id that nobody knows."""
    group, sengu = ready(world, appendonly=True, options=ALWAYS)
    master = group.nodes[0]
    write(sengu, 1000)
    group.wait_synced(master)
    all_is_seen(sengu, group)
    master.kill()
    new = group.by_name(sengu.wait_routed(other_than=master.name))
    master.forget_config()     # else it would follow its own replica
    master.start()
    eventually(lambda: master.follows(new), 20, "it rejoins by itself")
    assert new.ask("DBSIZE") == master.ask("DBSIZE") == 1000
