"""A master that answers anything at all lives: its connections killed, BUSY, full, or closed to sengu by a password.

Nobody is promoted, nothing is lost, and status says what is wrong, as text and as JSON.
"""

import json
import time

import pytest

from sengu_e2e import Connection, ReplyError, account, eventually, never

DOWN_AFTER = 1.5


def ready_group(world, password=None, **options):
    group = world.redis(password=password)
    if password:
        (world.directory / "password").write_text(password + "\n")
        options["group"] = {"password_file": str(world.directory / "password")}
    sengu = world.sengu(group, **options)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu, group.nodes[0]


def own_connections(master):
    """sengu's, as the master lists them: {id: name}"""
    clients = [dict(word.split("=", 1) for word in line.split()) for line in master.ask("CLIENT", "LIST").splitlines()]
    return {client["id"]: client["name"] for client in clients if client["name"].startswith("sengu-")}


def expect_named(sengu, master, reason, health, outcome):
    """What is wrong with the master is in the JSON and in the text."""
    def named():
        state, node = sengu.state(), sengu.node(master.name)
        return state["last_reason"] == reason and node["health"] == health and node["outcome"] == outcome
    eventually(named, what=f"status says {reason}, {health}, {outcome}")
    document = json.loads(sengu.run("status", "g", "--json").stdout)
    (shown,) = [group for group in document["groups"] if group["name"] == "g"]
    assert shown["last_reason"] == reason and shown["findings"]
    text = sengu.run("status", "g").stdout
    assert f"last reason: {reason} - " in text
    assert f"! {master.name}: answers {outcome}" in text
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [master.name]]
    assert line.split()[3] == health


def expect_nothing_but(reason, sengu, epoch, until):
    def differs():
        state = sengu.state()
        return (state["last_reason"], state["epoch"]) != (reason, epoch)
    never(differs, until - time.monotonic(), f"anything but {reason}", every=0.05)


def expect_untouched(group, sengu, epoch):
    assert sengu.state()["epoch"] == epoch
    assert "+try-failover" not in sengu.log_text() and "+switch-master" not in sengu.log_text()
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]


def expect_nothing_lost(group, writers):
    """Of what was acknowledged, on every node."""
    group.wait_synced(group.nodes[0])
    for node in group.nodes:
        accounts = account(writers.keys, node)
        assert not accounts.lost, f"{node.name}: {accounts}"


@pytest.mark.parametrize("pace", ["each mended", "in one burst"])
@pytest.mark.parametrize("kinds", [["normal"], ["replica"], ["normal", "replica"]], ids="+".join)
def test_connections_killed_100_times(world, kinds, pace):
    group, sengu, master = ready_group(world)
    epoch = sengu.state()["epoch"]
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300, what="writes flow")
    kills = [["CLIENT", "KILL", "TYPE", kind] for kind in kinds]
    killed = 0
    with master.connect() as operator:
        for _ in range(100):
            for kill in kills:
                operator.send(*kill)
            killed += sum(operator.read() for _ in kills)
            if pace == "each mended":
                mended = time.monotonic()
                eventually(lambda mended=mended: writers.since(mended), what="writes flow again")
                eventually(lambda: own_connections(master), what="sengu is connected again")
                eventually(lambda: master.info()["connected_slaves"] == "2", what="both replicas are connected again")
    assert killed >= (100 if pace == "each mended" else 1)
    over = time.monotonic()
    eventually(lambda: writers.since(over + 0.5), what="writes flow")
    sengu.wait_routed(master.name)
    writers.stop()
    expect_untouched(group, sengu, epoch)
    expect_nothing_lost(group, writers)


def test_script_keeps_the_master_busy_for_10_s(world):
    group, sengu, master = ready_group(world)
    epoch = sengu.state()["epoch"]
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300, what="writes flow")
    master.ask("CONFIG", "SET", "lua-time-limit", "100")        # busy-reply-threshold has this older name too
    with master.connect() as script:
        begun = time.monotonic()
        script.send("EVAL", "while true do end", "0")
        expect_named(sengu, master, "master_busy", "busy", "busy")
        expect_nothing_but("master_busy", sengu, epoch, until=begun + 10)
        assert sengu.routed() == master.name, "the route stays open: clients read BUSY, as from Redis itself"
        assert master.ask("SCRIPT", "KILL") == "OK"
        with pytest.raises(ReplyError):
            script.read()
    ended = time.monotonic()
    eventually(lambda: writers.since(ended), what="writers go on by themselves")
    eventually(lambda: sengu.state()["last_reason"] == "master_ok", what="status says that it is over")
    writers.stop()
    assert any(line.startswith("BUSY") for line in writers.refusals())
    expect_untouched(group, sengu, epoch)
    expect_nothing_lost(group, writers)


def test_master_has_no_place_for_sengu(world):
    """maxclients is reached, and sengu's own connection is lost: it cannot look any more, and that is no death."""
    group, sengu, master = ready_group(world)
    epoch = sengu.state()["epoch"]
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300, what="writes flow")
    with master.connect() as operator:
        clients = operator.command("CLIENT", "LIST").splitlines()
        (own,) = [client.split()[0].removeprefix("id=") for client in clients if " name=sengu-" in client]
        operator.command("CONFIG", "SET", "maxclients", str(len(clients) - 1))
        operator.command("CLIENT", "KILL", "ID", own)
        full = time.monotonic()
        expect_named(sengu, master, "master_unusable", "unusable", "error")
        assert "max number of clients reached" in sengu.node(master.name)["text"]
        expect_nothing_but("master_unusable", sengu, epoch, until=full + 2 * DOWN_AFTER)
        assert sengu.state()["route"]["state"] == "held", "it cannot see who answers there"
        assert writers.since(full + DOWN_AFTER), "who was connected is served on"
        operator.command("CONFIG", "SET", "maxclients", "1000")
    free = time.monotonic()
    sengu.wait_routed(master.name)
    eventually(lambda: writers.since(free), what="writers go on")
    with Connection(sengu.vip) as client:
        assert client.command("PING") == "PONG"
    writers.stop()
    expect_untouched(group, sengu, epoch)
    expect_nothing_lost(group, writers)


def test_password_is_changed_under_sengu(world):
    group, sengu, master = ready_group(world, password="right")
    epoch = sengu.state()["epoch"]
    before = own_connections(master)
    master.ask("CONFIG", "SET", "requirepass", "changed")
    master.password = "changed"
    never(lambda: sengu.routed() != master.name or own_connections(master) != before, 1, "a logged-in connection is lost")

    master.ask("CLIENT", "KILL", "TYPE", "normal")
    changed = time.monotonic()
    expect_named(sengu, master, "master_unusable", "unusable", "noauth")
    expect_nothing_but("master_unusable", sengu, epoch, until=changed + 2 * DOWN_AFTER)
    assert master.role() == "master"

    master.ask("CONFIG", "SET", "requirepass", "right")
    master.password = "right"
    sengu.wait_routed(master.name)
    expect_untouched(group, sengu, epoch)


def test_password_is_wrong_from_the_start(world):
    group = world.redis(password="right")
    (world.directory / "password").write_text("wrong\n")
    sengu = world.sengu(group, ready=False, group={"password_file": str(world.directory / "password")})
    eventually(lambda: {node["health"] for node in sengu.state()["nodes"]} == {"unusable"}, 10, "named")
    assert {node["outcome"] for node in sengu.state()["nodes"]} == {"noauth"}
    assert sengu.state()["route"] | {"since": None, "text": None} == {
        "state": "closed", "since": None, "text": None, "reason": "group_unseen"}
    text = sengu.run("status", "g").stdout
    for node in group.nodes:
        assert f"! {node.name}: answers noauth" in text
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]


def test_master_forbids_what_sengu_asks(world):
    group, sengu, master = ready_group(world)
    epoch = sengu.state()["epoch"]
    master.ask("ACL", "SETUSER", "default", "-info")
    denied = time.monotonic()
    expect_named(sengu, master, "master_unusable", "unusable", "noperm")
    expect_nothing_but("master_unusable", sengu, epoch, until=denied + 2 * DOWN_AFTER)
    assert sengu.routed() == master.name, "what was fine before is served on"
    master.ask("ACL", "SETUSER", "default", "+info")
    eventually(lambda: sengu.state()["last_reason"] == "master_ok", what="status says that it is over")
    expect_untouched(group, sengu, epoch)
