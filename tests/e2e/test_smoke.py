"""The short set, which also runs under the sanitizers: adopt, route, show, fail over, stop."""

import time

import pytest

from sengu_e2e import Connection, account, eventually
from sengu_e2e.clients import leads_to
from sengu_e2e.resp import ask

pytestmark = pytest.mark.smoke


def test_adopts_routes_and_shows(world):
    group = world.redis()
    sengu = world.sengu(group)
    master = group.nodes[0]

    assert ask(sengu.vip, "SET", "k", "v") == "OK"
    assert master.ask("GET", "k") == "v"
    assert leads_to(sengu.vip) == master.address

    state = sengu.state()
    assert state["kind"] == "redis" and state["master"] == master.name and state["epoch"] >= 1
    assert {node["name"] for node in state["nodes"]} == set(group.addresses)
    assert {node["role"] for node in state["nodes"]} == {"master", "replica"}
    eventually(lambda: sengu.state()["if_master_died"]["candidate"] in group.addresses[1:], what="a candidate")
    assert sengu.events("+adopted")

    status = sengu.run("status")
    assert status.returncode == 0, status.stderr
    for name in group.addresses:
        assert name in status.stdout
    assert sengu.run("status", "g", "--json").stdout.lstrip().startswith("{")

    metrics = sengu.metrics()
    assert metrics['sengu_group_master_up{group="g"}'] == 1
    assert metrics['sengu_group_epoch{group="g"}'] == state["epoch"]
    assert sengu.http("/healthz")[0] == 200 and sengu.http("/readyz?group=g")[0] == 200


def test_admin_port_speaks_resp_and_inline(world):
    group = world.redis()
    sengu = world.sengu(group, readers=True)
    with Connection(sengu.vip, 26379) as admin:
        assert admin.command("PING") == "PONG"
        assert admin.command("SENTINEL", "get-master-addr-by-name", "g") == [sengu.vip, "6379"]   # announce = "vip"
        assert admin.command("SENTINEL", "get-master-addr-by-name", "no-such-group") is None
        assert len(admin.command("SENTINEL", "masters")) == 1
        (readers,) = admin.command("SENTINEL", "replicas", "g")         # one: the address that spreads over replicas
        assert dict(zip(readers[::2], readers[1::2]))["port"] == "6380"
    assert "PONG" in sengu.inline("PING")
    assert group.nodes[0].name in sengu.inline("STATUS")


def test_survives_kill_9_of_the_master(world):
    group = world.redis(appendonly=True)
    sengu = world.sengu(group)
    old = group.nodes[0]
    epoch = sengu.state()["epoch"]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300 and all(tap.received for tap in taps), what="writes flow")

    old.kill()
    died = time.monotonic()
    sengu.wait_routed(other_than=old.name)
    eventually(lambda: writers.since(died + 0.5), what="writers go on")
    writers.stop()

    assert sengu.state()["epoch"] == epoch + 1
    assert len(sengu.events("+switch-master")) == 1
    new = group.by_name(sengu.routed())
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)


def test_stops_gracefully(world):
    group = world.redis()
    sengu = world.sengu(group)
    with Connection(sengu.vip) as client:
        assert client.command("SET", "k", "v") == "OK"
        assert sengu.stop() == 0
        assert client.closed_by_peer(within=5)
    with pytest.raises(OSError):
        Connection(sengu.vip, timeout=1)
