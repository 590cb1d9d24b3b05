"""What MySQL and MariaDB replicas are told about their source lasts, and undoes itself."""

import pytest

from sengu_e2e import eventually


def test_a_receiver_that_gave_up_is_started_again(world):
    """MySQL since 8.4 gives up after ten attempts where nothing is said. People bring the master back while sengu is paused."""
    group, sengu, master = world.ready_mysql("mysql")
    for replica in group.nodes[1:]:
        replica.run("STOP REPLICA IO_THREAD", "CHANGE REPLICATION SOURCE TO SOURCE_RETRY_COUNT=2",
                    "START REPLICA IO_THREAD")
    group.wait_replicating(master)
    assert sengu.run("pause", "g").returncode == 0
    master.kill()
    for replica in group.nodes[1:]:
        eventually(lambda r=replica: r.replica_status().io == "No", 20, f"{replica.name} gives up")
    master.start()
    master.become_master()
    assert sengu.wait_routed(within=30) == master.name
    assert all(replica.replica_status().io == "No" for replica in group.nodes[1:])
    assert sengu.run("resume", "g").returncode == 0
    group.wait_replicating(master)
    writers = world.writers(sengu)
    writers.wait_acked(50)


@pytest.mark.parametrize("count", [2, 3])
def test_a_returned_master_replicates_by_tls_as_the_others_do(world, flavour, count):
    """The account of replication requires it, and sengu itself goes in clear text."""
    group, sengu, master = world.ready_mysql(flavour, servers={"count": count, "tls": "verify"})
    writers = world.writers(sengu)
    writers.wait_acked(50)
    writers.stop()
    master.run("ALTER USER repl@'%' REQUIRE SSL")
    for replica in group.nodes[1:]:
        replica.wait_same_rows(master)
        replica.wait_for(master.gtids())
    master.kill()
    new = group.by_name(sengu.wait_routed(other_than=master.name, within=30))
    master.start()
    eventually(lambda: master.follows(new), 30, "it follows the new master")
