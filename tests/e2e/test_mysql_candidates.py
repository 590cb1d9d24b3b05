"""Replicas of MySQL and MariaDB that look fit and are not (RULES §5)."""

from sengu_e2e import eventually


def refused(sengu, node):
    """Why the node would not be promoted; None if it would."""
    return {one["node"]: one["reason"] for one in sengu.state()["if_master_died"]["rejected"]}.get(node.name)


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
    eventually(lambda: refused(sengu, filtered) == "replication_filter", what="it is noticed")
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
    eventually(lambda: refused(sengu, filtered) == "replication_filter", what="it is noticed")
    master.kill()
    eventually(lambda: sengu.events("+failover-refused", text="replication_filter"), 20, "it is refused")
    assert sengu.run("failover", "g").returncode == 1
    assert sengu.run("failover", "g", "--accept-loss").returncode == 0
    assert sengu.wait_routed() == filtered.name
