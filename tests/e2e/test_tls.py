"""A group that speaks nothing but TLS: failover, clients whose own TLS passes through, and what a bad certificate is."""

import time

import pytest

from sengu_e2e import Certificates, Connection, account, eventually, never

DOWN_AFTER = 1.5


def tls_group(world, **options):
    """Servers with TLS only, sengu in front of them with tls = "verify" and a certificate of its own."""
    addresses = [f"{world.block}.{host}" for host in (10, 11, 12, 13)]   # of the VIP too: clients check the name
    certificates = Certificates(world.directory / "certificates", addresses)
    group = world.redis(certificates=certificates, **options)
    sengu = world.sengu(group, group=certificates.group_keys())
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return certificates, group, sengu


@pytest.mark.smoke
@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_failover_and_return(world, fault):
    certificates, group, sengu = tls_group(world, appendonly=True)
    old = group.nodes[0]
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu, tls=certificates.client_context())
    eventually(lambda: writers.acked > 200 and all(tap.received for tap in taps), what="writes flow")

    old.kill() if fault == "killed" else old.pause()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    switched = time.monotonic()
    eventually(lambda: writers.since(switched), 20, what="writers go on")
    (event,) = sengu.events("+switch-master")
    evidence = {event["reason"] for event in sengu.events("+odown")}
    assert evidence == {"process_death" if fault == "killed" else "silence"}, "as in clear text"

    old.start() if fault == "killed" else old.resume()
    eventually(lambda: old.follows(new), 20, "the old master follows the new one, over TLS")
    writers.stop()
    group.wait_synced(new)
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new]


def test_replication_on_a_clear_port_of_its_own(world):
    """Sengu speaks TLS to one port of each server; the servers know each other by the other one."""
    addresses = [f"{world.block}.{host}" for host in (11, 12, 13)]
    certificates = Certificates(world.directory / "certificates", addresses)
    group = world.redis(options=[*certificates.redis_options(6380), "--port", 6379, "--tls-replication", "no"])
    sengu = world.sengu(group=certificates.group_keys(),
                        node_tables=[{"address": f"{address}:6380", "replication_address": f"{address}:6379"}
                                     for address in addresses])
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    old = group.nodes[0]
    old.kill()
    routed = sengu.wait_routed(other_than=f"{old.address}:6380")
    new = next(node for node in group.nodes if routed == f"{node.address}:6380")
    group.wait_synced(new)
    old.start()
    eventually(lambda: old.follows(new), 20, "the old master follows the new one")


def test_untrusted_certificate_is_an_alarm_and_no_failover(world):
    """Nobody can use the master any more, its replicas neither; but it lives, and has every write."""
    certificates, group, sengu = tls_group(world)
    master = group.nodes[0]
    epoch = sengu.state()["epoch"]
    with master.connect() as operator:
        certificate, key = certificates.strange_server
        operator.command("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key)
        operator.command("CLIENT", "KILL", "TYPE", "replica")
        operator.command("CLIENT", "KILL", "TYPE", "normal")
    eventually(lambda: sengu.node(master.name)["health"] == "unusable", what="the master is unusable")
    seen = sengu.node(master.name)
    assert seen["outcome"] == "error" and "certificate verify failed" in seen["text"]
    (alarm,) = sengu.events("+unusable", master.name, "certificate verify failed")
    assert seen["text"] in alarm["text"]
    never(lambda: sengu.events("+switch-master") or sengu.state()["epoch"] != epoch, 3 * DOWN_AFTER, "a failover")

    certificate, key = certificates.server
    master.ask("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key)
    eventually(lambda: sengu.events("-unusable"), what="the alarm ends")
    sengu.wait_routed(master.name)
    with Connection(sengu.vip, tls=certificates.client_context()) as client:
        assert client.command("SET", "k", "v") == "OK"
    assert sengu.state()["epoch"] == epoch


def test_full_master_is_not_dead(world):
    """Over TLS it cannot say that it has no room for another client: it accepts and closes, for its replicas too."""
    certificates, group, sengu = tls_group(world)
    master = group.nodes[0]
    epoch = sengu.state()["epoch"]
    with master.connect() as operator:
        operator.command("CONFIG", "SET", "maxclients", 1)
        operator.command("CLIENT", "KILL", "TYPE", "replica")
        operator.command("CLIENT", "KILL", "TYPE", "normal")
        eventually(lambda: sengu.node(master.name)["health"] == "unusable", what="the master is unusable")
        assert sengu.node(master.name)["outcome"] == "error"
        assert "closed in the handshake" in sengu.node(master.name)["text"]
        never(lambda: sengu.events("+switch-master") or sengu.state()["epoch"] != epoch, 3 * DOWN_AFTER, "a failover")
        operator.command("CONFIG", "SET", "maxclients", 10000)
    sengu.wait_routed(master.name)
    assert sengu.state()["epoch"] == epoch


def test_files_of_no_use_end_the_start(world):
    certificates = Certificates(world.directory / "certificates", [f"{world.block}.10"])
    keys = {**certificates.group_keys(), "key_file": str(certificates.strange_client[1])}
    sengu = world.sengu(start=False, group={**keys, "nodes": [f"{world.block}.11:6379"]})
    for verb in ("run", "check"):
        ended = sengu.run(verb, "--config", sengu.config, admin=False)
        assert ended.returncode == 78, ended.stderr
        assert f'group g: key_file "{keys["key_file"]}": key values mismatch' in ended.stderr
