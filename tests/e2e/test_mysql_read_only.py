"""The master of a MySQL group is read-only: by a person's hand, after a restart, or by a fence of sengu's own (RULES §4.5)."""

import pytest

from sengu_e2e import eventually, never, nothing_lost
from sengu_e2e.sql import Connection

HELD = "read_only_by_hand"
MAY_UNFENCE = {"mysql": "SYSTEM_VARIABLES_ADMIN", "mariadb": "READ_ONLY ADMIN"}


def known_master(world, flavour, **options):
    """(group, sengu, master), once the journal knows the master's process, which takes two seconds from its start."""
    group, sengu, master = world.ready_mysql(flavour, **options)
    eventually(lambda: int(master.status("Uptime")) >= 4, what="the master is old enough")
    return group, sengu, master


def close_by_hand(sengu, master):
    master.run(f"SET GLOBAL {master.flavour.read_only}=ON")
    eventually(lambda: sengu.state()["route"]["reason"] == HELD, what="held for a person's read_only")
    assert sengu.state()["route"]["state"] == "held"


def session(world, sengu):
    connection = Connection(sengu.vip).open()
    world.ended.append(connection.interrupt)
    return connection


def died(sengu):
    eventually(lambda: sengu.process.poll() is not None, 30, "sengu dies at its point")
    sengu.prefix = []


def test_by_hand(world, flavour):
    """Held, and nothing is lifted, promoted or cut, until it is taken back; then the same sessions go on."""
    group, sengu, master = known_master(world, flavour)
    epoch, reader = sengu.state()["epoch"], session(world, sengu)
    own_id = reader.value("SELECT CONNECTION_ID()")
    writers = world.writers(sengu)
    writers.wait_acked(50)
    close_by_hand(sengu, master)
    never(lambda: any(node.writable() for node in group.nodes) or reader.value("SELECT CONNECTION_ID()") != own_id, 5,
          "made writable, or a session cut", every=0.05)
    assert 1290 in writers.refusals(), "the server refuses the writes of its sessions itself"
    told = sengu.run("status", "g").stdout
    assert f"! {master.name}: read_only was set on it by hand" in told, told
    master.run("SET GLOBAL read_only=OFF")
    sengu.wait_routed(master.name)
    writers.wait_going_on()
    assert reader.value("SELECT CONNECTION_ID()") == own_id
    assert sengu.state()["epoch"] == epoch and not sengu.events("+try-failover")
    writers.stop()
    nothing_lost(writers, master)


def test_by_hand_while_sengu_is_not_there(world, flavour):
    """The journal knows the process, so that the next run tells a person's wish from a restart."""
    group, sengu, master = known_master(world, flavour)
    sengu.kill()
    master.run(f"SET GLOBAL {master.flavour.read_only}=ON")
    sengu.start(ready=False)
    eventually(lambda: sengu.state()["route"]["reason"] == HELD, 20, "held for a person's read_only")
    never(lambda: any(node.writable() for node in group.nodes), 3, "made writable", every=0.05)
    master.run("SET GLOBAL read_only=OFF")
    sengu.wait_routed(master.name)
    assert not sengu.events("+try-failover")


@pytest.mark.parametrize("restarts", ["master", "both"])
def test_after_a_restart(world, flavour, restarts):
    """It comes up read-only, as its configuration says, and is made writable again."""
    group, sengu, master = known_master(world, flavour, failover={"on_process_death": "down_after"},
                                        health={"down_after": "10s"})
    if restarts == "both":
        sengu.kill()
    master.kill()
    master.start()
    if restarts == "both":
        sengu.start(within=30)
    eventually(master.writable, 20, "writable again")
    sengu.wait_routed(master.name)
    assert group.masters() == [master]


def test_a_fence_of_our_own(world, flavour):
    """sengu died between the fence and the promote, and may not undo the fence at first: asked for until it is undone."""
    group, sengu, master = known_master(world, flavour, prefix=["env", "SENGU_CRASH_AT=after_the_fence"])
    sengu.run("failover", "g", "--to", group.nodes[1].name)
    died(sengu)
    assert not master.writable()
    privilege = MAY_UNFENCE[flavour]
    master._quietly(f"REVOKE {privilege} ON *.* FROM monitor@'%'")
    sengu.start(ready=False)
    eventually(lambda: sengu.events("+step-failed", text="unfence"), 20, "the unfence is refused")
    assert sengu.state()["route"]["reason"] == "own_fence" and not master.writable()
    never(lambda: any(node.writable() for node in group.nodes), 1, "promoted instead", every=0.05)
    master._quietly(f"GRANT {privilege} ON *.* TO monitor@'%'")
    sengu.wait_routed(master.name)
    assert group.masters() == [master]


@pytest.mark.parametrize("order", ["away", "back"])
def test_an_order(world, flavour, order):
    """The operator moves the role, or names the master itself, whose read_only is then taken back."""
    group, sengu, master = known_master(world, flavour)
    epoch = sengu.state()["epoch"]
    close_by_hand(sengu, master)
    done = sengu.run("failover", "g", *(["--to", master.name] if order == "back" else []))
    assert done.returncode == 0, done
    new = group.by_name(sengu.wait_routed(other_than=master.name if order == "away" else None))
    eventually(lambda: group.masters() == [new], what="one writable master")
    if order == "back":
        assert (new, sengu.state()["epoch"]) == (master, epoch)
    else:
        eventually(lambda: master.follows(new), 20, "the old master follows")


def test_the_master_dies_meanwhile(world, flavour):
    group, sengu, master = known_master(world, flavour)
    close_by_hand(sengu, master)
    master.kill()
    new = group.by_name(sengu.wait_routed(other_than=master.name))
    assert group.masters() == [new]


def test_a_switch_by_other_hands(world, flavour):
    """Another node is made writable and the third follows it: taken as master, and the old one is made its replica."""
    group, sengu, master = known_master(world, flavour)
    new, third = group.nodes[1:]
    close_by_hand(sengu, master)
    new.become_master()
    never(lambda: sengu.state()["route"]["reason"] != HELD or not new.writable(), 1.5, "decided before the group agrees",
          every=0.05)
    third.become_replica_of(new)
    sengu.wait_routed(new.name)
    eventually(lambda: master.follows(new), 20, "the old master follows")
    assert group.masters() == [new] and not sengu.events("+try-failover")
