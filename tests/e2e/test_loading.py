"""LOADING is life: a server that reads its data is not dead, and no candidate; what follows a restart is the configuration's.

The servers are slowed down by Redis' own debug settings: so many microseconds for each key.
"""

import threading
import time

from sengu_e2e import account, eventually, never

KEYS, PER_KEY_US = 2000, 2500                     # 5 s
SLOW = {"key-load-delay": PER_KEY_US, "loading-process-events-interval-bytes": 1024}
LOADS_FOR = KEYS * PER_KEY_US / 1e6
DOWN_AFTER = {"down_after": "3s"}                  # less than that; and a busy machine starts a server in less


def ready_group(world, failover=None, health=None, options=(), **how):
    group = world.redis(appendonly=True, options=("--appendfsync", "always", *options), **how)
    group.nodes[0].fill(KEYS, size=100)
    group.wait_synced(group.nodes[0])
    sengu = world.sengu(group, failover=failover, health=health)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu, group.nodes[0]


def compact(node):
    """The append-only file as one snapshot: while it is read the server answers every few keys."""
    eventually(lambda: node.ask("BGREWRITEAOF"), what="no other child of it writes")
    eventually(lambda: node.info("persistence")["aof_rewrite_scheduled"] == "0" and
               node.info("persistence")["aof_rewrite_in_progress"] == "0", what="the file is rewritten")


def restart_slowly(node):
    node.kill()
    with open(node.directory / "redis.conf", "a") as conf:
        conf.writelines(f"{key} {value}\n" for key, value in SLOW.items())
    node.start(wait=False)
    eventually(lambda: node.info("persistence")["loading"] == "1", what="it loads")


def hurry(node):
    """Seen enough: the rest is read at full speed."""
    node.ask("CONFIG", "SET", "key-load-delay", "0")


def loading(node):
    return node.info("persistence")["loading"] == "1"


def expect_named(sengu, node):
    eventually(lambda: sengu.node(node.name)["health"] == "loading", what="the JSON names it")
    text = sengu.run("status", "g").stdout
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [node.name]]
    assert line.split()[3] == "loading"
    assert f"! {node.name}: answers loading" in text


def write_some(world, sengu, group):
    """Writes that were acknowledged; what the replicas had of them."""
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 200 and all(tap.received for tap in taps), what="writes flow")
    return writers, taps


def test_the_same_process_loads(world):
    """DEBUG RELOAD: no restart. Nothing is decided about it, however long it takes."""
    group, sengu, master = ready_group(world, health={"loading_timeout": "1s"}, options=("--enable-debug-command", "yes"))
    epoch = sengu.state()["epoch"]
    writers, _ = write_some(world, sengu, group)
    for key, value in SLOW.items():
        master.ask("CONFIG", "SET", key, value)
    reload = threading.Thread(target=master.ask, args=("DEBUG", "RELOAD"), kwargs={"timeout": 60}, daemon=True)
    reload.start()
    eventually(lambda: loading(master), what="it loads")
    eventually(lambda: sengu.state()["last_reason"] == "master_loading", what="status says so")
    expect_named(sengu, master)
    never(lambda: loading(master) and sengu.state()["epoch"] != epoch, LOADS_FOR * 0.7, "a promotion", every=0.05)
    reload.join(60)
    over = time.monotonic()
    sengu.wait_routed(master.name)
    eventually(lambda: writers.since(over), what="writers go on by themselves")
    writers.stop()
    assert sengu.state()["epoch"] == epoch and "+try-failover" not in sengu.log_text()
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]
    accounts = account(writers.keys, master)
    assert not accounts.lost, str(accounts)


def test_restarted_master_is_waited_for(world):
    """on_process_death = "down_after": it loads for longer than down_after, and is routed again under a new epoch."""
    group, sengu, master = ready_group(world, failover={"on_process_death": "down_after"}, health=DOWN_AFTER)
    epoch = sengu.state()["epoch"]
    compact(master)
    writers, _ = write_some(world, sengu, group)
    writers.stop()
    restart_slowly(master)
    eventually(lambda: sengu.state()["last_reason"] == "master_loading", what="status says so")
    expect_named(sengu, master)
    assert sengu.state()["route"]["state"] == "held"
    eventually(lambda: not loading(master), 3 * LOADS_FOR, "it has loaded")
    sengu.wait_routed(master.name)
    assert sengu.state()["epoch"] == epoch + 1
    assert not sengu.events("+switch-master") and not sengu.events("+try-failover")
    group.wait_synced(master)
    for node in group.nodes:
        accounts = account(writers.keys, node)
        assert not accounts.lost, f"{node.name}: {accounts}"
        assert len(node.keys()) >= KEYS + accounts.acked and node.keys() == master.keys()


def test_loading_timeout(world):
    """The same, but it takes longer than we wish to wait: then, and not before, a replica takes over."""
    timeout = 2.0
    group, sengu, old = ready_group(world, failover={"on_process_death": "down_after"},
                                    health={"loading_timeout": f"{timeout:g}s", **DOWN_AFTER})
    compact(old)
    writers, taps = write_some(world, sengu, group)
    writers.stop()
    restart_slowly(old)
    began = time.monotonic()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    took = time.monotonic() - began
    assert loading(old), "it was not waited for to the end"
    assert took > timeout - 0.5, f"promoted after {took:.2f} s"
    (event,) = sengu.events("+try-failover")
    assert event["reason"] == "loading_timeout"
    hurry(old)
    eventually(lambda: old.follows(new), 30, "the old master follows when it has loaded")
    accounts = account(writers.keys, new, taps)
    assert not accounts.lost, str(accounts)
    assert group.masters() == [new] and old.keys() == new.keys()


def test_restart_is_a_death_however_long_it_loads(world):
    """on_process_death = "now": a replica takes over while the old master loads."""
    group, sengu, old = ready_group(world)
    compact(old)
    writers, taps = write_some(world, sengu, group)
    restart_slowly(old)
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    switched = time.monotonic()
    assert loading(old), "it was not waited for"
    hurry(old)
    eventually(lambda: writers.since(switched), what="writers go on")
    eventually(lambda: old.follows(new), 30, "the old master follows when it has loaded")
    writers.stop()
    group.wait_synced(new)
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new] and old.keys() == new.keys()


def test_loading_replica_is_no_candidate(world):
    group, sengu, old = ready_group(world)
    slow, other = group.nodes[1:]
    compact(slow)
    restart_slowly(slow)
    expect_named(sengu, slow)
    plan = sengu.state()["if_master_died"]
    assert plan["candidate"] == other.name
    assert {"node": slow.name, "reason": "loading"} in [{key: entry[key] for key in ("node", "reason")}
                                                        for entry in plan["rejected"]]
    old.kill()
    sengu.wait_routed(other.name)
    assert loading(slow)
    hurry(slow)
    eventually(lambda: slow.follows(other), 30, "it follows when it has loaded")
    assert len(slow.keys()) == KEYS


def test_only_replica_loads_when_the_master_dies(world):
    """Nobody is promoted before it has read its data; then it is, without a word from anybody."""
    group = world.redis(2, save=True)
    old, slow = group.nodes
    old.fill(KEYS, size=100)
    group.wait_synced(old)
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"] == slow.name, what="a candidate")
    slow.ask("SAVE")              # keeps the replication id and offset, as an append-only file does not
    restart_slowly(slow)
    expect_named(sengu, slow)
    old.kill()
    eventually(lambda: sengu.events("+failover-refused"), what="status says why not")
    never(lambda: loading(slow) and slow.role() == "master", LOADS_FOR / 4, "a promotion of half a replica")
    assert loading(slow)
    assert "loading" in {entry["reason"] for entry in sengu.state()["if_master_died"]["rejected"]}
    hurry(slow)
    sengu.wait_routed(slow.name)
    assert len(slow.keys()) == KEYS
