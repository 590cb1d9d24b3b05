"""Scheduled events over a change of master: named (scheduled_events = "leave"), or switched on as they were ("follow")."""

import re

import pytest

from sengu_e2e import eventually, never
from sengu_e2e.mysql_server import FOREVER

DEFINERS = {"sum": "app@%", "audit": "root@localhost", "purge": "root@localhost"}
ENABLED = {"sum", "audit"}


@pytest.fixture
def group(world, flavour):
    """Its master runs two events; a third, the purge, was switched off. Root's event writes under read_only, too."""
    servers = world.mysql(flavour, semi_sync=FOREVER)
    servers.nodes[0].run(
        "CREATE TABLE test.ran (n INT AUTO_INCREMENT PRIMARY KEY, event VARCHAR(16), server INT)",
        *[f"CREATE DEFINER=`{user}`@`{host}` EVENT test.{name} ON SCHEDULE EVERY 1 SECOND "
          f"{'ENABLE' if name in ENABLED else 'DISABLE'} DO INSERT INTO test.ran (event, server) VALUES ('{name}', @@server_id)"
          for name, (user, host) in ((name, definer.split("@")) for name, definer in DEFINERS.items())],
        "SET GLOBAL event_scheduler=ON")
    for replica in servers.nodes[1:]:   # as MariaDB has it unless told otherwise
        replica.run("SET GLOBAL event_scheduler=OFF")
    servers.wait_synced(servers.nodes[0])
    return servers


def states(node):
    """{event: STATUS}, in MariaDB's words."""
    rows = node.query("SELECT EVENT_NAME AS name, STATUS AS state FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'test'")
    return {row["name"]: row["state"].replace("REPLICA_SIDE", "SLAVESIDE") for row in rows}


def enabled(node):
    return {name for name, state in states(node).items() if state == "ENABLED"}


def definers(node):
    return {row["n"]: row["d"] for row in node.query(
        "SELECT EVENT_NAME AS n, DEFINER AS d FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'test'")}


def sessions(node):
    """Under which SQL mode and character set each runs: an ALTER EVENT would change the latter."""
    return node.query("SELECT EVENT_NAME, SQL_MODE, TIME_ZONE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION "
                      "FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'test' ORDER BY EVENT_NAME")


def runs(node):
    """Which events it has run itself."""
    return {row["event"] for row in node.query("SELECT DISTINCT event FROM test.ran WHERE server = @@server_id")}


def findings(sengu, node, text):
    return [one for one in sengu.state()["findings"] if one.startswith(node.name + ": ") and text in one]


def statements(sengu, node):
    """What the log names for that node."""
    said = [event["text"].split("statements=", 1)[1] for event in sengu.events("+events-left", node=node.name)]
    return [statement for part in said for statement in part.split("; ")]


def granted(sengu, master):
    """As soon as the finding names what follow needs; which also shows that sengu knows the events by now."""
    (finding,) = eventually(lambda: [one for one in sengu.state()["findings"] if "as scheduled_events says: GRANT" in one], 20)
    privileges = re.search(r"GRANT (.+) ON \*\.\* TO sengu's user", finding)[1]
    master.run(f"GRANT {privileges} ON *.* TO monitor@'%'")
    return privileges


def test_leave_names_the_statements_and_they_work(world, flavour, group):
    sengu = world.sengu(group, start=False)
    first, mariadb = group.nodes[0], flavour == "mariadb"
    code, _, found = sengu.check_live()
    before = f"{first.name}: has 3 scheduled events, 2 of them ENABLED (event_scheduler is ON)"
    assert code == 1 and any(one.startswith(before) and 'scheduled_events = "follow"' in one for one in found), found
    assert all("scheduled event" in one for one in found if "witness" not in one), found
    sengu.start()
    eventually(lambda: findings(sengu, first, "has 3 scheduled events"), 20, "it has seen them")
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], 20, "a candidate")
    first.kill()
    new = group.by_name(sengu.wait_routed(other_than=first.name, within=30))
    named = eventually(lambda: statements(sengu, new), what="the statements")
    assert sum(one.startswith("ALTER DEFINER=") for one in named) == 2 and not any("purge" in one for one in named), named
    assert statements(sengu, first) == (["SET GLOBAL event_scheduler=OFF"] if mariadb else [])
    assert enabled(new) == set() and not new.variable("event_scheduler") == "ON"
    assert findings(sengu, new, "does not run what") and set(states(new).values()) == {"SLAVESIDE_DISABLED"}

    kept = sessions(new)
    new.run(*named)
    assert enabled(new) == ENABLED and definers(new) == DEFINERS and sessions(new) == kept
    eventually(lambda: runs(new) == ENABLED, 10, "they run")
    eventually(lambda: not findings(sengu, new, "does not run what"), 15, "the finding ends")
    assert sengu.events("+events-enabled", node=new.name, text="test.sum")


def test_follow_enables_what_was_enabled(world, flavour, group):
    """An ordered failover, and back: what the demoted master runs on would be transactions of its own."""
    sengu = world.sengu(group, group={"scheduled_events": "follow"})
    first, second = group.nodes[:2]
    assert granted(sengu, first)
    kept = sessions(first)
    eventually(lambda: runs(first) == ENABLED, 10, "they run")
    for old, new in ((first, second), (second, first)):
        eventually(lambda n=new: sengu.node(n.name)["health"] == "up" and n.follows(old), 20, "a candidate")
        eventually(lambda n=new.name: sengu.run("failover", "g", "--to", n).returncode == 0, 20, "an ordered failover")
        eventually(lambda n=new: enabled(n) == ENABLED and n.variable("event_scheduler") == "ON", 10, "they are enabled")
        assert old.variable("event_scheduler") == "OFF"
        before = new.ask("SELECT MAX(n) FROM test.ran")
        eventually(lambda n=new, b=before: n.ask("SELECT COUNT(DISTINCT event) FROM test.ran WHERE server = @@server_id AND n > %s", b)
                   == len(ENABLED), 10, "they run on it")
        eventually(lambda o=old, n=new: o.follows(n), 20, "the old master follows")
        assert definers(new) == DEFINERS and sessions(new) == kept
        assert not sengu.node(old.name)["errant"] and not sengu.events("+errant")
        assert states(new)["purge"] == ("DISABLED" if new is first else "SLAVESIDE_DISABLED")
    assert not sengu.events("+events-left")
    assert [event["node"] for event in sengu.events("+events-enabled")] == [second.name, first.name]
    assert "purge" not in runs(first) | runs(second)


def test_follow_after_a_death_without_the_privileges(world, group):
    """It fails over all the same, and names the statements; with the privileges it goes on by itself."""
    sengu = world.sengu(group, group={"scheduled_events": "follow"})
    first = group.nodes[0]
    eventually(lambda: any("as scheduled_events says: GRANT" in one for one in sengu.state()["findings"]), 20, "the finding")
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], 20, "a candidate")
    code, _, found = sengu.check_live()
    assert code == 1 and any("as scheduled_events says: GRANT" in one for one in found), found
    first.kill()
    new = group.by_name(sengu.wait_routed(other_than=first.name, within=30))
    assert any("ALTER DEFINER=`app`@`%` EVENT `test`.`sum` ENABLE" in one
               for one in eventually(lambda: statements(sengu, new), 10, "the statements"))
    assert enabled(new) == set() and findings(sengu, new, "1227")
    new.run(f"GRANT {granted(sengu, new)} ON *.* TO monitor@'%'")
    eventually(lambda: enabled(new) == ENABLED and new.variable("event_scheduler") == "ON", 15, "it tries again")
    assert definers(new) == DEFINERS


def test_a_run_that_has_not_seen_the_master_before_enables_nothing(world, group):
    """sengu dies with the new master in place, and comes back without a memory of what the old one had."""
    sengu = world.sengu(group, group={"scheduled_events": "follow"}, prefix=["env", "SENGU_CRASH_AT=journalled"])
    first = group.nodes[0]
    granted(sengu, first)
    group.wait_synced(first)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], 20, "a candidate")
    first.kill()
    eventually(lambda: sengu.process.poll() is not None, 30, "sengu dies at its point")
    sengu.prefix = []
    sengu.start(within=30)
    new = group.by_name(sengu.wait_routed(other_than=first.name, within=30))
    said = eventually(lambda: findings(sengu, new, "has not seen which of them were ENABLED"), 10, "it says so")
    assert all(f"EVENT `test`.`{name}` ENABLE" in said[0] for name in DEFINERS)
    never(lambda: enabled(new), 1.5, "an event is enabled")


def test_without_the_privilege_to_see_them(world, group):
    """The accounts of 0.1.0: all as before, and one finding where events may run."""
    first = group.nodes[0]
    first.run("REVOKE EVENT ON *.* FROM monitor@'%'")
    group.wait_synced(first)
    sengu = world.sengu(group, start=False)
    code, _, found = sengu.check_live()
    said = [one for one in found if "GRANT EVENT ON *.* TO sengu's user" in one]
    assert code == 1 and len(said) == 1 and said[0].startswith(first.name), found
    assert not any("has 3 scheduled" in one for one in found)
    first.run("SET GLOBAL event_scheduler=OFF")
    assert not any("GRANT EVENT" in one for one in sengu.check_live()[2])
    first.run("SET GLOBAL event_scheduler=ON")
    sengu.start()
    eventually(lambda: any("GRANT EVENT" in one for one in sengu.state()["findings"]), 10, "the finding")
    first.run("GRANT EVENT ON *.* TO monitor@'%'")   # sengu's kept connection is older than that
    eventually(lambda: findings(sengu, first, "has 3 scheduled events, 2 of them ENABLED"), 15, "it sees them now")
