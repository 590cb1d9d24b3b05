"""sengu starts when the master is silent and its replicas have given it up already."""

from sengu_e2e import eventually, never

DOWN_AFTER = 1.5


def silent_for_long(world, flavour):
    """(group, sengu): it did not see the master die. The replicas' IO threads are Connecting (replica_net_timeout is 2 s)."""
    group, sengu, old = world.ready_mysql(flavour, semi_sync=None)
    replicas = group.replicas(old)
    sengu.stop()
    eventually(lambda: all(replica.heartbeats() > 0 for replica in replicas), what="heartbeats")
    old.pause()
    eventually(lambda: {replica.replica_status().io for replica in replicas} == {"Connecting"}, 20, "replicas give it up")
    sengu.start(ready=False)
    return group, sengu


def test_mysql_tells_since_when_it_is_deaf(world):
    group, sengu = silent_for_long(world, "mysql")
    new = group.by_name(sengu.wait_routed(other_than=group.nodes[0].name))
    assert group.masters() == [new]
    group.nodes[0].resume()
    eventually(lambda: group.nodes[0].follows(new), 30, "the old master follows")


def test_mariadb_does_not_and_an_order_is_needed(world):
    group, sengu = silent_for_long(world, "mariadb")
    eventually(lambda: sengu.state()["last_reason"] == "no_witness", what="no_witness")
    never(lambda: any(node.writable() for node in group.nodes[1:]), 2 * DOWN_AFTER, "a promotion", every=0.05)
    sengu.run("failover", "g")
    sengu.wait_routed(other_than=group.nodes[0].name)
