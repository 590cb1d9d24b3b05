"""No promotion where there is nobody fit for it: the reason is everywhere to be seen, and clients are told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sengu_e2e import Connection, ReplyError, eventually, let_pass, never, parked

HOLD = {"hold_timeout": "1s"}


def refused(sengu):
    """What a client reads that connects now, sends at once, and waits."""
    with Connection(sengu.vip, timeout=10) as client:
        with pytest.raises(ReplyError) as error:
            client.command("SET", "k", "v")
    return str(error.value)


def expect_no_promotion(world, sengu, group, reason):
    """After the master's death: no switch, and `reason` in log, status and events."""
    epoch_routed = sengu.events("+switch-master")
    assert refused(sengu).startswith("ERR sengu: ")
    never(lambda: sengu.routed() or sengu.events("+switch-master") != epoch_routed, 2.5, "a promotion")
    state = sengu.state()
    assert state["route"]["state"] != "open" and state["if_master_died"]["candidate"] is None
    assert reason in {entry["reason"] for entry in state["if_master_died"]["rejected"]}
    refusals = sengu.events("+failover-refused") + sengu.events("-failover-abort-no-good-slave")
    assert refusals and all(event["reason"] for event in refusals)
    assert any(event["reason"] in sengu.log_text() for event in refusals), "the log says why"
    status = sengu.run("status", "g")
    assert status.returncode == 1, "status of a group without a routed master ends 1"
    assert reason in status.stdout or reason.replace("_", " ") in status.stdout, status.stdout
    assert len(refusals) < 20, "once per change of its reason, not per tick"


def test_all_replicas_dead(world):
    group = world.redis()
    sengu = world.sengu(group, failover=HOLD)
    for replica in group.nodes[1:]:
        replica.kill()
    eventually(lambda: sengu.state()["if_master_died"]["candidate"] is None, what="no candidate any more")
    eventually(lambda: all(sengu.node(n.name)["health"] == "down" for n in group.nodes[1:]), what="replicas down")
    group.nodes[0].kill()
    expect_no_promotion(world, sengu, group, "node_down")


def test_priority_zero(world):
    group = world.redis()
    nodes = [{"address": group.addresses[0]}] + [{"address": name, "priority": 0} for name in group.addresses[1:]]
    sengu = world.sengu(group, failover=HOLD, node_tables=nodes)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"] is None, what="no candidate")
    group.nodes[0].kill()
    expect_no_promotion(world, sengu, group, "priority_zero")
    assert all(node.role() == "slave" for node in group.nodes[1:])


def test_parked_clients_are_refused_after_hold_timeout_and_not_before(world):
    """Each by its own clock: the last of them comes when the first is about to be refused."""
    hold, slack, clients = 1.0, 0.5, 10
    group = world.redis()
    nodes = [{"address": group.addresses[0]}] + [{"address": name, "priority": 0} for name in group.addresses[1:]]
    sengu = world.sengu(group, failover=HOLD, node_tables=nodes)
    group.nodes[0].kill()
    eventually(lambda: sengu.state()["route"]["state"] == "held", what="held")

    with ThreadPoolExecutor(clients) as pool:
        waiting = []
        for _ in range(clients):
            waiting.append(pool.submit(parked, sengu.vip))
            let_pass(hold / clients)
        answers = [client.result() for client in waiting]
    for seconds, reply in answers:
        assert reply.startswith(b"-ERR sengu: no master within hold_timeout"), reply
        assert hold <= seconds < hold + slack
    assert not sengu.events("+switch-master")
    assert sengu.metrics()['sengu_sessions_refused_total{group="g",reason="hold_timeout"}'] == clients


def test_behind_max_lag_bytes(network, world):
    group = world.redis()
    sengu = world.sengu(group, failover={**HOLD, "max_lag_bytes": 100_000})
    master, *replicas = group.nodes
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    for replica in replicas:
        network.cut(master.address, replica.address)
    master.fill(2000, size=500)
    eventually(lambda: {"lag_limit"} == {entry["reason"] for entry in sengu.state()["if_master_died"]["rejected"]
                                         if entry["node"] != master.name}, what="both behind the limit")
    master.kill()
    expect_no_promotion(world, sengu, group, "lag_limit")
    assert all(replica.role() == "slave" for replica in replicas)


def test_master_that_returns_is_routed_again(world):
    """Not promoted is not for ever: the dead master comes back with its data and takes clients."""
    group = world.redis(appendonly=True)
    nodes = [{"address": group.addresses[0]}] + [{"address": name, "priority": 0} for name in group.addresses[1:]]
    sengu = world.sengu(group, failover={"hold_timeout": "20s"}, node_tables=nodes)
    master = group.nodes[0]
    master.fill(100)
    group.wait_synced(master)
    master.kill()
    eventually(lambda: sengu.state()["route"]["state"] != "open", what="held")
    master.start()
    sengu.wait_routed(master.name)
    assert len(master.keys()) == 100
