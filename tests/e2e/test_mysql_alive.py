"""A MySQL master that answers anything at all lives: full, closed to sengu, without TLS, or with writes that hang.

Nobody is promoted, nothing is lost, and status says what is wrong. And failover where sengu speaks TLS to the servers.
"""

import json
import time

import pytest

from sengu_e2e import eventually, let_pass, never, nothing_lost
from sengu_e2e.mysql_flavour import FLAVOURS
from sengu_e2e.mysql_server import FOREVER

DOWN_AFTER = 1.5


def writing_group(world, flavour):
    group, sengu, master = world.ready_mysql(flavour)
    epoch = sengu.state()["epoch"]
    writers = world.writers(sengu)
    writers.wait_acked(100)
    return group, sengu, master, writers, epoch


def tls_keys(group, tls):
    return {"tls": tls, **({"ca_file": str(group.authority.ca_file)} if tls == "verify" else {})}


def expect_named(sengu, master, outcome, text):
    """What is wrong with the master is in the JSON, in the text, and was an event."""
    def named():
        state, node = sengu.state(), sengu.node(master.name)
        return (state["last_reason"], node["health"], node["outcome"]) == ("master_unusable", "unusable", outcome)
    eventually(named, what=f"status says master_unusable, unusable, {outcome}")
    assert text in sengu.node(master.name)["text"]
    document = json.loads(sengu.run("status", "g", "--json").stdout)
    assert any(finding.startswith(f"{master.name}: answers {outcome}") for finding in document["groups"][0]["findings"])
    assert f"! {master.name}: answers {outcome} " in sengu.run("status", "g").stdout
    (alarm,) = sengu.events("+unusable", master.name, text)   # any server may have answered slowly before
    assert f"outcome={outcome}" in alarm["text"]


def expect_untouched(group, sengu, epoch):
    assert sengu.state()["epoch"] == epoch
    assert not sengu.events("+try-failover") and not sengu.events("+switch-master")
    assert group.masters() == [group.nodes[0]]


def expect_nothing_lost(group, writers):
    """Of what was acknowledged, on every node."""
    writers.stop()
    group.wait_synced(group.nodes[0])
    for node in group.nodes:
        nothing_lost(writers, node)


def test_clients_fill_the_master_and_sengu_looks_on(world, flavour):
    """Its user has a place of its own, the one for CONNECTION_ADMIN."""
    group, sengu, master = world.ready_mysql(flavour)
    epoch = sengu.state()["epoch"]
    sengu.stop()
    with master.full():
        sengu.start()
        assert sengu.routed() == master.name
        eventually(lambda: sengu.node(master.name)["health"] == "up", what="up")
        never(lambda: sengu.node(master.name)["health"] != "up", DOWN_AFTER, "not up any more", every=0.05)
        assert master.refuses(1040), "clients are still refused"
    expect_untouched(group, sengu, epoch)


@pytest.mark.parametrize("fault, outcome, text", [("over_full", "error", "1040 "), ("password_changed", "noauth", "1045 ")])
def test_master_refuses_sengu(world, flavour, fault, outcome, text):
    group, sengu, master, writers, epoch = writing_group(world, flavour)
    with getattr(master, fault)():
        begun = time.monotonic()
        expect_named(sengu, master, outcome, text)
        never(lambda: sengu.state()["epoch"] != epoch, 2 * DOWN_AFTER, "a failover", every=0.05)
        assert sengu.state()["route"]["state"] == "held", "it cannot see who answers there"
        assert writers.since(begun + DOWN_AFTER), "who was connected is served on"
    sengu.wait_routed(master.name)
    writers.wait_going_on(20)
    assert sengu.events("-unusable")
    expect_nothing_lost(group, writers)
    expect_untouched(group, sengu, epoch)


def test_sengu_is_frozen(world, flavour):
    group, sengu, master, writers, epoch = writing_group(world, flavour)
    sengu.sit_out_a_freeze(writers, master)
    expect_nothing_lost(group, writers)
    expect_untouched(group, sengu, epoch)


def test_a_frozen_replica_did_not_restart(world, flavour):
    """It answers what it was asked long ago: how long it has been up is not as old as the question."""
    group, sengu, master = world.ready_mysql(flavour)
    replica = group.nodes[1]
    replica.pause()
    let_pass(4)
    replica.resume()
    eventually(lambda: sengu.node(replica.name)["health"] == "up", what="up again")
    never(lambda: sengu.events("+reboot"), 1, "+reboot", every=0.05)
    assert sengu.routed() == master.name


def test_every_write_hangs_for_want_of_an_acknowledgement(world, flavour):
    """It answers every question. Somebody stopped both IO threads: that is named, and for people to mend."""
    group, sengu, master, writers, epoch = writing_group(world, flavour)
    replicas = group.replicas(master)
    with group.cut_off(master):
        waiting = f"{FLAVOURS[flavour].semi_sync}_wait_sessions"
        eventually(lambda: int(master.status(waiting)) > 0, what="a write waits, and the others behind it")
        eventually(lambda: time.monotonic() - max(writer.acks[-1][0] for writer in writers.all) > 0.3,
                   what="what was acknowledged before has come")
        hangs = time.monotonic()
        never(lambda: sengu.state()["epoch"] != epoch or any(node.writable() for node in replicas), 3 * DOWN_AFTER,
              "a promotion", every=0.05)
        assert not any(writer.acks[-1][0] > hangs for writer in writers.all), "nothing was acknowledged"
        assert sengu.routed() == master.name and sengu.node(master.name)["health"] == "up"
        told = "\n".join(sengu.state()["findings"]) + "\n" + sengu.run("status", "g").stdout
        for form in ("", "! "):
            assert f"{form}{master.name}: no replica acknowledges to it" in told, told
            for replica in replicas:
                assert f"{form}{replica.name}: its IO thread is stopped" in told, told
    writers.wait_going_on()
    expect_nothing_lost(group, writers)
    expect_untouched(group, sengu, epoch)


@pytest.mark.parametrize("tls", ["require", "verify"])
@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_failover_over_tls(world, flavour, tls, fault):
    group = world.mysql(flavour, semi_sync=FOREVER, tls="verify")
    sengu = world.sengu(group, group=tls_keys(group, tls))
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    old = group.nodes[0]
    secret = old.status("Ssl_accepts") if flavour == "mariadb" else None
    assert secret != "0", "sengu's connections are encrypted"
    writers = world.writers(sengu, tls=group.authority.verifying())
    writers.wait_acked(100)
    old.kill() if fault == "killed" else old.pause()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    writers.wait_going_on()
    evidence = {event["reason"] for event in sengu.events("+odown")}
    assert evidence == {"process_death" if fault == "killed" else "silence"}, "as in clear text"
    old.start() if fault == "killed" else old.resume()
    eventually(lambda: old.follows(new) or sengu.node(old.name)["errant"], 30, "the old master follows or is kept out")
    assert group.masters() == [new]
    writers.stop()
    nothing_lost(writers, new)


def test_a_certificate_of_somebody_else_is_an_alarm(world, flavour):
    """tls = "verify" with another authority than the servers': all of them live, and nobody is routed."""
    group = world.mysql(flavour, tls="verify")
    keys = {"tls": "verify"}   # the system's authorities
    sengu = world.sengu(group, ready=False, group=keys)
    eventually(lambda: {node["health"] for node in sengu.state()["nodes"]} == {"unusable"}, 20, "unusable")
    never(lambda: sengu.state()["route"]["state"] == "open" or group.masters() != [group.nodes[0]], 1, "a route, or a step",
          every=0.05)


def test_master_without_tls_is_unusable_and_lives(world, flavour):
    """It restarted without TLS while sengu was away. Its replicas, which want TLS as well, have lost it too."""
    group, sengu, master = world.ready_mysql(flavour, servers={"tls": "verify"}, group={"tls": "require"})
    epoch = sengu.state()["epoch"]
    sengu.stop()
    master.shut_down()
    with_tls, master.tls = master.tls, "off"
    master.start()
    master.become_master()
    sengu.start(ready=False)
    eventually(lambda: sengu.node(master.name)["health"] == "unusable", 20, "unusable")
    never(lambda: sengu.state()["epoch"] != epoch or sengu.events("+try-failover"), 3 * DOWN_AFTER, "a failover", every=0.05)
    expect_named(sengu, master, "error", "the server does not speak TLS")
    assert sengu.state()["route"]["state"] != "open"
    assert group.masters() == [master]
    sengu.stop()
    master.shut_down()
    master.tls = with_tls
    master.start()
    master.become_master()
    sengu.start()
    assert sengu.routed() in group.addresses
