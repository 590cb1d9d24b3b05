"""The master dies or freezes: what can be kept is kept, nobody hears two masters, the old one comes back tame."""

import time

import pytest

from sengu_e2e import Connection, account, eventually
from sengu_e2e.resp import encode

DOWN_AFTER = 1.5


def ready_group(world, **options):
    group = world.redis(**options)
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu, group.nodes[0]


def rest_of(client):
    """What still arrives until the session is cut; a session that is not cut is a TimeoutError."""
    data = b""
    try:
        while chunk := client.socket.recv(4096):
            data += chunk
    except ConnectionError:
        pass
    return data


def test_kill_9_and_the_old_master_returns_as_a_replica(world):
    group, sengu, old = ready_group(world, appendonly=True)
    epoch = sengu.state()["epoch"]
    taps = world.tap(*group.nodes[1:])
    writers, routes = world.writers(sengu), world.watch(sengu)
    eventually(lambda: writers.acked > 1000 and all(tap.received for tap in taps), what="writes flow")

    old.kill()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    switched = time.monotonic()
    eventually(lambda: writers.since(switched), what="writers go on")
    old.start()
    eventually(lambda: old.follows(new), 20, "the old master follows the new one")
    again = time.monotonic()
    eventually(lambda: writers.since(again), what="writers go on")
    writers.stop()
    routes.stop()
    group.wait_synced(new)

    assert sengu.state()["epoch"] == epoch + 1
    assert old.address not in routes.addresses(since=switched)
    (event,) = sengu.events("+switch-master")
    assert event["group"] == "g" and event["epoch"] == epoch + 1
    assert event["text"].split() == ["g", old.address, "6379", new.address, "6379"]
    assert writers.longest_gap() < DOWN_AFTER, "a process death does not wait for silence"
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new]
    assert old.keys() == new.keys()


def test_frozen_master_and_its_queued_writes(world):
    group, sengu, old = ready_group(world)
    taps = world.tap(*group.nodes[1:])
    writers, routes = world.writers(sengu), world.watch(sengu)
    clients = [Connection(sengu.vip, timeout=10) for _ in range(5)]
    for client in clients:
        assert client.command("PING") == "PONG"
    eventually(lambda: writers.acked > 500 and all(tap.received for tap in taps), what="writes flow")

    old.pause()
    frozen = time.monotonic()
    for number, client in enumerate(clients):
        client.socket.sendall(encode("SET", f"queued:{number}", "1"))
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    switched = time.monotonic()
    assert switched - frozen >= DOWN_AFTER - 0.3, "silence counts from the last reply, not earlier"
    eventually(lambda: writers.since(switched), what="writers go on")

    resumed = time.monotonic()
    old.resume()
    eventually(lambda: old.role() == "slave", 10, "the old master is demoted")
    demoted = time.monotonic()
    assert demoted - resumed < 1.0, "RULES §1: within a second of the first contact"
    eventually(lambda: old.follows(new), 20, "and follows")
    eventually(lambda: writers.since(resumed + 0.2), what="writers go on")
    for client in clients:
        assert rest_of(client) == b"", "a write that was queued on the old master was answered"
    writers.stop()
    routes.stop()

    assert old.address not in routes.addresses(since=switched)
    assert writers.longest_gap() < DOWN_AFTER + 2
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new]


def test_two_failovers_in_a_row_within_the_cooldown_on_process_death(world):
    group, sengu, first = ready_group(world, appendonly=True)
    taps = {node: tap for node, tap in zip(group.nodes[1:], world.tap(*group.nodes[1:]))}
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 200 and all(tap.received for tap in taps.values()), what="writes flow")
    first.kill()
    second = group.by_name(sengu.wait_routed(other_than=first.name))
    taps[second].stop()           # what it hears from now on, as master, only it may have
    first.start()
    group.wait_synced(second)
    (taps[first],) = world.tap(first)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate again")
    between = writers.acked
    eventually(lambda: writers.acked > between + 200 and taps[first].received, what="writes flow")
    second.kill()
    third = group.by_name(sengu.wait_routed(other_than=second.name))
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), what="writers go on")
    writers.stop()
    assert len(sengu.events("+switch-master")) == 2
    accounts = account(writers.keys, third, taps.values())
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [third]


def test_closed_connections_of_a_healthy_master_are_not_its_death(world):
    group, sengu, master = ready_group(world)
    epoch = sengu.state()["epoch"]
    for _ in range(20):
        master.ask("CLIENT", "KILL", "TYPE", "normal")
        with Connection(sengu.vip) as client:
            assert client.command("SET", "k", "v") == "OK"
    sengu.wait_routed(master.name)
    assert sengu.state()["epoch"] == epoch
    assert not sengu.events("+switch-master")


def test_second_master_made_by_hand_is_never_routed(world):
    group, sengu, master = ready_group(world)
    rogue = group.nodes[2]
    routes = world.watch(sengu)
    rogue.ask("REPLICAOF", "NO", "ONE")
    rogue.ask("SET", "rogue", "1")
    eventually(lambda: sengu.events("+rogue-master"), what="+rogue-master")
    eventually(lambda: rogue.follows(master), 20, "the rogue is demoted")
    routes.stop()
    assert routes.addresses() == {master.address}
    assert master.ask("EXISTS", "rogue") == 0
    assert not sengu.events("+switch-master")


def test_write_sessions_are_cut_at_a_switch_and_parked_clients_arrive(world):
    group, sengu, old = ready_group(world)
    session = Connection(sengu.vip)
    assert session.command("SET", "k", "v") == "OK"
    old.kill()
    with Connection(sengu.vip, timeout=10) as parked:      # connects while there is no master
        assert parked.command("SET", "parked", "1") == "OK"
    assert session.closed_by_peer(within=5)
    session.close()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    assert new.ask("GET", "parked") == "1"


@pytest.mark.parametrize("configured", ["middle first", "end first"])
def test_middle_of_a_chain_is_promoted(world, configured):
    """A <- B <- C, and A dies: B, which has at least as much as C and feeds it."""
    group = world.redis(appendonly=True)
    old, middle, end = group.nodes
    end.ask("REPLICAOF", middle.address, middle.port)
    eventually(lambda: end.follows(middle), 20, "a chain")
    order = [old, middle, end] if configured == "middle first" else [old, end, middle]
    sengu = world.sengu(group, group={"nodes": [node.name for node in order]})
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps = world.tap(middle, end)
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 500 and all(tap.received for tap in taps), what="writes flow")
    old.kill()
    assert sengu.wait_routed(other_than=old.name) == middle.name
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), what="writers go on")
    writers.stop()
    assert len(sengu.events("+switch-master")) == 1
    group.wait_synced(middle)
    for node in (middle, end):
        accounts = account(writers.keys, node, taps)
        assert not accounts.keepable, f"{node.name}: {accounts}"
    assert end.follows(middle)


def test_end_of_a_chain_is_not_left_alone(world):
    """A <- B <- C, and B dies for good: C is a copy only if somebody feeds it."""
    group = world.redis(appendonly=True)
    master, middle, end = group.nodes
    end.ask("REPLICAOF", middle.address, middle.port)
    eventually(lambda: end.follows(middle), 20, "a chain")
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    middle.kill()
    eventually(lambda: end.follows(master), 10, "the end follows the master")
