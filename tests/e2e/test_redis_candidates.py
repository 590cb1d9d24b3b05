"""What would keep a replica from being made a master, or from serving as one: named before, and not chosen (RULES §5.3)."""

from sengu_e2e import Connection, RedisGroup, ReplyError, eventually

LARGE = 4 * 1024 * 1024    # more than the data of `filled`


def candidate(sengu):
    return sengu.state()["if_master_died"]["candidate"]


def start_group(world, options, count=3, **servers):
    """`options`: more of them for the node at that place, as for RedisServer."""
    group = RedisGroup(world.block, world.directory, count, **servers)
    world.groups.append(group)
    for place, more in options.items():
        group.nodes[place].options += more
    return group.start()


def expect_passed_over(sengu, node, words, reason, other):
    """Named by `check --live` and by the sengu that runs; the other one would be chosen."""
    code, said, found = sengu.check_live()
    assert code == 1 and len(found) == 1, said
    assert found[0].startswith(f"{node.name}: ") and all(word in found[0] for word in words), found
    assert f"{other.name} would become master; not {node.name} ({reason}" in said, said
    sengu.start()
    assert eventually(lambda: sengu.state()["findings"], what="findings") == found
    eventually(lambda: candidate(sengu) == other.name, what="the other is the candidate")


def fail_over(sengu, group, expected):
    """The master dies; the one that is promoted accepts a client's write."""
    group.nodes[0].kill()
    assert sengu.wait_routed(other_than=group.nodes[0].name) == expected.name
    with Connection(sengu.vip) as client:
        assert client.command("SET", "after", "x") == "OK"


def filled(master):
    """Some 5 MB."""
    master.fill(4000, size=1000)


def test_one_that_cannot_save_is_passed_over(world):
    """It would answer every write with MISCONF. (Redis 7.0 ends as a replica at the next write, where it may not ignore this.)"""
    group = world.redis(save=True, options=("--replica-ignore-disk-write-errors", "yes"))
    sengu = world.sengu(group, start=False)
    second, third = group.nodes[1:]
    dump = second.directory / "dump.rdb"
    dump.unlink(missing_ok=True)
    dump.mkdir()    # the name of the file that it would write
    second.ask("BGSAVE")
    eventually(lambda: second.info("persistence")["rdb_last_bgsave_status"] == "err", what="the save failed")
    expect_passed_over(sengu, second, ["rdb_last_bgsave_status", "stop-writes-on-bgsave-error"], "could_not_serve", third)
    second.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
    assert sengu.check_live()[::2] == (0, []), "the setting decides"
    second.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
    fail_over(sengu, group, third)

    # the claim itself
    assert sengu.stop() == 0
    second.ask("REPLICAOF", "NO", "ONE")
    assert second.refuses_write("MISCONF")
    second.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
    assert not second.refuses_write("MISCONF")


def test_a_forbidden_replicaof(world):
    group = world.redis()
    sengu = world.sengu(group, start=False)
    second, third = group.nodes[1:]
    second.ask("ACL", "SETUSER", "default", "-replicaof")
    expect_passed_over(sengu, second, ["is never promoted: it refuses REPLICAOF (NOPERM", "ACL SETUSER ... +replicaof"],
                       "cannot_be_promoted", third)
    second.ask("ACL", "SETUSER", "default", "+replicaof")
    assert sengu.check_live()[::2] == (0, [])
    second.ask("ACL", "SETUSER", "default", "-replicaof")
    fail_over(sengu, group, third)    # asked anew by the failover
    assert not sengu.events("+step-failed", text="step=promote")


def test_a_renamed_replicaof(world):
    group = start_group(world, {1: ["--rename-command REPLICAOF", "secret-replicaof"]})
    sengu = world.sengu(group, start=False)
    second, third = group.nodes[1:]
    expect_passed_over(sengu, second, ["is never promoted: it refuses REPLICAOF (ERR unknown command"], "cannot_be_promoted", third)
    fail_over(sengu, group, third)
    assert not sengu.events("+step-failed", text="step=promote")


def test_a_redis_cluster(world):
    group = RedisGroup(world.block, world.directory, 2, options=["--cluster-enabled", "yes"])
    world.groups.append(group)
    master, replica = group.nodes
    for node in group.nodes:
        node.start()
    master.ask("CLUSTER", "ADDSLOTS", *range(16384))
    replica.ask("CLUSTER", "MEET", master.address, master.port)
    identity = master.ask("CLUSTER", "MYID")
    eventually(lambda: identity in replica.ask("CLUSTER", "NODES"), 20, "the nodes met")
    eventually(lambda: became_replica(replica, identity), 20, "replicate")
    eventually(lambda: replica.follows(master), 20, "the replica follows")
    sengu = world.sengu(group, start=False)
    code, said, found = sengu.check_live()
    assert code == 1 and f"if {master.name} died now: no node could become master" in said, said
    assert len(found) == 2 and all("cluster-enabled is yes" in line for line in found), said
    assert any(finding.startswith(f"{replica.name}: is never promoted") for finding in found)


def became_replica(node, identity):
    try:
        return node.ask("CLUSTER", "REPLICATE", identity) == "OK"
    except ReplyError:    # it has not heard yet that the other is a master
        return False


def test_less_room_than_the_master_has(world):
    """A replica ignores its maxmemory; once promoted it deletes at once what is over it."""
    group = world.redis()
    sengu = world.sengu(group, start=False)
    master, second, third = group.nodes
    second.ask("CONFIG", "SET", "maxmemory", LARGE)
    second.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    code, said, found = sengu.check_live()
    assert code == 1 and f"if {master.name} died now: {second.name} would become master" in said, said
    assert len(found) == 1 and found[0].startswith(f"{second.name}: maxmemory is {LARGE}, and the master has none"), said

    filled(master)
    group.wait_synced(master)
    expect_passed_over(sengu, second, [f"its maxmemory is {LARGE}", "it would delete keys"], "could_not_serve", third)
    fail_over(sengu, group, third)
    # the claim itself
    assert sengu.stop() == 0
    held = second.ask("DBSIZE")
    second.ask("REPLICAOF", "NO", "ONE")
    second.ask("SET", "one", "more")
    eventually(lambda: second.ask("DBSIZE") < held, what="keys are deleted")
