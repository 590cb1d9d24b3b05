"""MariaDB's replicas by file and position (MASTER_USE_GTID=no): their GTIDs do not tell what their relay logs hold (RULES §5.4)."""

import contextlib

import pytest
from test_mysql_half_received import die_sending_a_transaction

from sengu_e2e import eventually, never, nothing_lost

ROWS = 300
WAITS = 0.5   # seconds; without the wait for the relay log the promotion took a tenth of that


def by_position(group, *replicas):
    for replica in replicas:
        replica.run("STOP SLAVE", "CHANGE MASTER TO MASTER_USE_GTID=no", "START SLAVE")
    acknowledging(group, len(group.nodes) - 1)


def acknowledging(group, count):
    eventually(lambda: group.nodes[0].semi_sync_clients() == count, 20, f"{count} replicas acknowledge")


@pytest.fixture
def ready(world):
    group, sengu, _ = world.ready_mysql("mariadb")
    return group, sengu


@contextlib.contextmanager
def locked(*replicas):
    """Their appliers wait: they receive, and apply nothing that concerns test.w."""
    with contextlib.ExitStack() as locks:
        for replica in replicas:
            locks.enter_context(replica.connect(timeout=60)).query("LOCK TABLES test.w READ")
        yield


def insert(master, first, count):
    """Each is acknowledged by a replica before this returns."""
    with master.connect() as client:
        for number in range(first, first + count):
            client.query("INSERT INTO test.w VALUES ('position', %s)", number)


def read_to(replica):
    return replica.query("SHOW ALL SLAVES STATUS")[0]["Read_Master_Log_Pos"]


def rows(node):
    return node.ask("SELECT COUNT(*) FROM test.w")


def goes_on(group, sengu, new):
    """Commits are acknowledged: the others follow, by GTIDs from now on, and have what it has."""
    with new.connect(timeout=15) as client:
        client.query("INSERT INTO test.w VALUES ('afterwards', 1)")
    for other in group.replicas(new):
        eventually(lambda r=other: r.follows(new), 20, f"{other.name} follows")
        other.wait_same_rows(new)
        assert other.query("SHOW ALL SLAVES STATUS")[0]["Using_Gtid"] == "Slave_Pos"
        assert not sengu.node(other.name)["errant"]


def test_what_is_received_and_not_applied_is_applied_first(ready):
    group, sengu = ready
    master, *replicas = group.nodes
    by_position(group, *replicas)
    with locked(*replicas):
        insert(master, 0, ROWS)
        master.kill()
        (applying,) = eventually(lambda: sengu.events("+applying"), 20, "a replica is chosen")
        assert " received=bin.0" in applying["text"] and " applied=bin.0" in applying["text"], applying
        never(lambda: sengu.routed(), WAITS, "promoted without what it received")
    new = group.by_name(sengu.wait_routed(other_than=master.name))
    assert rows(new) == ROWS
    goes_on(group, sengu, new)


def test_the_one_that_has_read_most_is_chosen_not_the_one_that_has_applied_most(ready):
    group, sengu = ready
    master, reader, applier = group.nodes
    by_position(group, reader, applier)
    with locked(reader):
        insert(master, 0, 100)
        eventually(lambda: rows(applier) == 100, what="the one applies")
        applier.stop_receiving()
        insert(master, 100, 100)
        assert read_to(reader) > read_to(applier) and rows(applier) > rows(reader)
        master.kill()
        (applying,) = eventually(lambda: sengu.events("+applying"), 20, "a replica is chosen")
        assert applying["node"] == reader.name
    assert sengu.wait_routed(other_than=master.name) == reader.name
    assert rows(reader) == 200
    goes_on(group, sengu, reader)


def test_beside_one_by_gtids_both_apply_and_then_the_one_with_most_is_chosen(ready):
    group, sengu = ready
    master, reader, other = group.nodes
    by_position(group, reader)
    with locked(reader):
        insert(master, 0, 100)
        eventually(lambda: rows(other) == 100, what="the one applies")
        other.stop_receiving()
        insert(master, 100, 100)
        master.kill()
        eventually(lambda: sengu.events("+applying"), 20, "a replica is chosen")
        never(lambda: sengu.routed(), WAITS, "promoted before they could be compared")
    assert sengu.wait_routed(other_than=master.name) == reader.name
    assert rows(reader) == 200
    goes_on(group, sengu, reader)


def test_kill_9_under_load(ready, world):
    group, sengu = ready
    master, *replicas = group.nodes
    by_position(group, *replicas)
    writers = world.writers(sengu, 8)
    writers.wait_acked(500)
    master.kill()
    new = group.by_name(sengu.wait_routed(other_than=master.name))
    writers.wait_going_on()
    writers.stop()
    nothing_lost(writers, new)
    goes_on(group, sengu, new)


def test_half_a_transaction_is_waited_for_a_second_and_given_up(ready, world):
    group, sengu = ready
    master, *replicas = group.nodes
    by_position(group, *replicas)
    master.run("CREATE TABLE test.big (n INT PRIMARY KEY, half VARBINARY(8000) NOT NULL)")
    writers = world.writers(sengu)
    writers.wait_acked(200)
    assert sengu.run("pause", "g").returncode == 0   # until the relay logs have been looked at
    die_sending_a_transaction(master, replicas)
    assert sengu.run("resume", "g").returncode == 0
    new = group.by_name(sengu.wait_routed(other_than=master.name))
    writers.wait_going_on()
    writers.stop()
    nothing_lost(writers, new)
    goes_on(group, sengu, new)
    assert new.ask("SELECT COUNT(*) FROM test.big") == 0


def test_it_is_a_finding_before(ready):
    group, sengu = ready
    by_position(group, group.nodes[1])
    code, said, _ = eventually(lambda: (checked := sengu.check_live())[0] == 1 and checked, what="check finds it")
    wanted = f"{group.nodes[1].name}: replicates by file and position"
    assert code == 1 and wanted in said, said
    eventually(lambda: wanted in sengu.run("status").stdout, what="status shows it")
