"""Replicas of MySQL and MariaDB that look fit and are not (RULES §5)."""

import pytest

from sengu_e2e import eventually, nothing_lost


def ignore_database(node, database):
    """By hand, while it runs."""
    if node.flavour.name == "mysql":
        node.run("STOP REPLICA SQL_THREAD", f"CHANGE REPLICATION FILTER REPLICATE_IGNORE_DB=({database})",
                 "START REPLICA SQL_THREAD")
    else:
        node.run("STOP SLAVE", f"SET GLOBAL replicate_ignore_db='{database}'", "START SLAVE")


def test_a_replica_that_leaves_out_a_database_is_passed_over(world, flavour):
    group, sengu, master = world.ready_mysql(flavour)
    _, filtered, whole = group.nodes
    ignore_database(filtered, "logs")
    eventually(lambda: sengu.rejected().get(filtered.name) == "replication_filter", what="it is noticed")
    assert any(finding.startswith(filtered.name) and "ignore_db=logs" in finding.lower()
               for finding in sengu.state()["findings"])
    master.run("CREATE DATABASE logs", "CREATE TABLE logs.t (n INT PRIMARY KEY)", "INSERT INTO logs.t VALUES (1)")
    master.kill()
    assert sengu.wait_routed(other_than=master.name, within=30) == whole.name
    assert whole.ask("SELECT COUNT(*) FROM logs.t") == 1


def test_the_last_one_leaves_out_a_database(world, flavour):
    """It is promoted only where the operator accepts the loss."""
    group, sengu, master = world.ready_mysql(flavour, servers={"count": 2})
    filtered = group.nodes[1]
    ignore_database(filtered, "logs")
    eventually(lambda: sengu.rejected().get(filtered.name) == "replication_filter", what="it is noticed")
    master.kill()
    eventually(lambda: sengu.events("+failover-refused", text="replication_filter"), 20, "it is refused")
    assert sengu.run("failover", "g").returncode == 1
    assert sengu.run("failover", "g", "--accept-loss").returncode == 0
    assert sengu.wait_routed() == filtered.name


# -- what could not serve

READ_LOCK = ["FLUSH TABLES WITH READ LOCK"]
BACKUP = ["BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT"]


def named_before(sengu, node, words):
    code, _, findings = sengu.check_live()
    return code == 1 and any(finding.startswith(node.name) and words in finding for finding in findings)


def write_until_all_hold_as_much(world, group, sengu):
    writers = world.writers(sengu)
    writers.wait_acked(100)
    writers.stop()
    for node in group.nodes[1:]:
        node.wait_same_rows(group.nodes[0])
    return writers


def the_third_is_promoted(group, sengu, writers):
    """Though the second comes first in the configuration."""
    group.nodes[0].kill()
    assert sengu.wait_routed(other_than=group.nodes[0].name, within=30) == group.nodes[2].name
    nothing_lost(writers, group.nodes[2])


def test_one_that_is_offline_is_promoted_last(world):
    group, sengu, _ = world.ready_mysql("mysql")
    offline = group.nodes[1]
    writers = write_until_all_hold_as_much(world, group, sengu)
    offline.run("SET GLOBAL offline_mode=ON")
    eventually(lambda: sengu.rejected().get(offline.name) == "could_not_serve", what="it is noticed")
    assert named_before(sengu, offline, "offline_mode is ON")
    the_third_is_promoted(group, sengu, writers)
    eventually(lambda: offline.follows(group.nodes[2]), 20, "it follows the new master")


@pytest.mark.parametrize("flavour, lock", [("mysql", READ_LOCK), ("mariadb", READ_LOCK), ("mariadb", BACKUP)],
                         ids=["mysql-read_lock", "mariadb-read_lock", "mariadb-backup"])
def test_one_under_a_backups_lock_is_promoted_last(world, flavour, lock):
    """MySQL tells the lock before; MariaDB refuses the promotion, with nothing undone."""
    group, sengu, _ = world.ready_mysql(flavour, servers={"options": ["--performance-schema=ON"]})
    locked = group.nodes[1]
    writers = write_until_all_hold_as_much(world, group, sengu)
    with locked.connect() as backup:
        for statement in lock:
            backup.query(statement)
        if flavour == "mysql":
            eventually(lambda: sengu.rejected().get(locked.name) == "could_not_serve", what="it is noticed")
            assert named_before(sengu, locked, "holds a lock that every commit waits for")
        the_third_is_promoted(group, sengu, writers)
    eventually(lambda: locked.follows(group.nodes[2]), 20, "it follows the new master")


def test_replicas_without_the_sources_plugin(world):
    """As MySQL's manual sets them up. Known before; promoted all the same, and that semi-sync is off is said."""
    group, sengu, master = world.ready_mysql("mysql")
    for node in group.nodes[1:]:
        node.run("SET sql_log_bin=0", "SET GLOBAL super_read_only=OFF", "UNINSTALL PLUGIN rpl_semi_sync_source",
                 "SET GLOBAL super_read_only=ON")
    assert named_before(sengu, group.nodes[1], "has not the plugin of the source's side")
    writers = world.writers(sengu)
    writers.wait_acked(100)
    master.kill()
    new = group.by_name(sengu.wait_routed(other_than=master.name, within=30))
    writers.wait_going_on()
    writers.stop()
    nothing_lost(writers, new)
    assert sengu.events("+semi-sync-off", node=new.name)
    other = next(node for node in group.nodes[1:] if node is not new)
    eventually(lambda: other.follows(new), 20, "the other follows")


def test_what_a_group_promises_and_could_not_keep(world):
    group = world.mysql("mysql", semi_sync=3600)
    sengu = world.sengu(group, start=False, health={"down_after": "3s"})
    second, third = group.nodes[1:]
    third.run(f"SET GLOBAL server_id={second.server_id}")
    for node in group.nodes:
        node.run("SET GLOBAL rpl_semi_sync_source_wait_for_replica_count=2")
    code, _, findings = sengu.check_live()
    assert code == 1
    assert any(finding.startswith(f"{second.name} and {third.name} have the same server_id") for finding in findings)
    assert any(finding.startswith(third.name) and "wait_for_replica_count is 2" in finding for finding in findings)
