"""The doctor on real MySQL and MariaDB servers: `sengu check --live` before sengu runs and beside it, and `status`."""

import pytest

from sengu_e2e import eventually
from sengu_e2e.mysql_server import FOREVER

SETTLED = {"down_after": "3s"}   # longer than these servers' net timeout of 2 s


@pytest.fixture
def group(world, flavour):
    return world.mysql(flavour, semi_sync=FOREVER)


def lock_holders(group):
    return [node.ask("SELECT IS_USED_LOCK('sengu')") for node in group.nodes]


def asked_by_monitor(node):
    rows = node.query("SELECT CONVERT(argument USING utf8mb4) AS statement FROM mysql.general_log "
                      "WHERE user_host LIKE 'monitor%%' AND command_type = 'Query'")
    return [row["statement"] for row in rows]


def test_a_group_that_is_well_set_up_is_left_as_it_is(world, group):
    """It only reads, and does not take the lock by which deciders see each other."""
    sengu = world.sengu(group, start=False, health=SETTLED)
    for node in group.nodes:
        node.run("SET GLOBAL log_output='TABLE'", "SET GLOBAL general_log=ON")
    code, said, findings = sengu.check_live()
    assert (code, findings) == (0, []), said
    assert f"died now: {group.nodes[1].name} would become master" in said and "deciders: none" in said
    for node in group.nodes:
        statements = eventually(lambda n=node: asked_by_monitor(n), what="what was asked")
        verbs = {statement.split()[0].upper() for statement in statements}
        assert "IS_USED_LOCK" in " ".join(statements) and "GET_LOCK" not in " ".join(statements), statements
        assert verbs <= {"SELECT", "SHOW", "SET"} and not any("GLOBAL" in s for s in statements if s.upper().startswith("SET")), statements


def test_beside_a_running_sengu(world, group):
    sengu = world.sengu(group, health=SETTLED)
    eventually(lambda: all(lock_holders(group)), 20, "it holds the locks")
    holders = lock_holders(group)
    for _ in range(3):
        code, said, findings = sengu.check_live()
        assert (code, findings) == (0, []) and "monitor@" in said and "(holds the lock)" in said, said
    assert lock_holders(group) == holders
    assert not sengu.events("+other-decider") and not sengu.state()["findings"]


def test_what_is_misconfigured_is_said_until_it_is_mended(world, group):
    sengu = world.sengu(group, start=False, health=SETTLED)
    flavour = group.nodes[0].flavour
    second, third = group.nodes[1:]
    mysql = flavour.name == "mysql"
    net_timeout = "replica_net_timeout" if mysql else "slave_net_timeout"
    second.run(f"SET GLOBAL {flavour.semi_sync}_enabled=ON", "SET GLOBAL read_only=OFF")
    third.run(f"SET GLOBAL {flavour.semi_sync_replica}_enabled=OFF", flavour.statements["stop_io"])

    code, said, findings = sengu.check_live()
    assert code == 1
    expected = {
        f"{second.name}: is a replica that takes writes": f"SET GLOBAL {flavour.read_only}=ON",
        f"{second.name}: is a replica with the master's side": f"SET GLOBAL {flavour.semi_sync}_enabled=OFF",
        f"{third.name}: does not acknowledge": f"SET GLOBAL {flavour.semi_sync_replica}_enabled=ON",
        f"{third.name}: its IO thread is stopped": flavour.statements["start_io"]}
    for begin, setting in expected.items():
        assert any(finding.startswith(begin) and setting in finding for finding in findings), (begin, findings)
    assert len(findings) == len(expected), findings

    second.run(f"SET GLOBAL {flavour.semi_sync}_enabled=OFF", f"SET GLOBAL {flavour.read_only}=ON")
    third.run(f"SET GLOBAL {flavour.semi_sync_replica}_enabled=ON", flavour.statements["start_io"])
    eventually(lambda: group.nodes[0].semi_sync_clients() == 2, 20, "both acknowledge")
    eventually(lambda: sengu.check_live()[0] == 0, 20, "nothing to look at")

    # a witness that would sleep for a minute
    source, period = ("REPLICATION SOURCE", "SOURCE") if mysql else ("MASTER", "MASTER")
    third.run(f"SET GLOBAL {net_timeout}=60", flavour.statements["stop"],
              f"CHANGE {source} TO {period}_HEARTBEAT_PERIOD=30", flavour.statements["start"])
    eventually(lambda: third.follows(group.nodes[0]), 20, "it follows again")
    code, said, findings = sengu.check_live()
    assert code == 1 and len(findings) == 1 and f"{net_timeout} is 60 s" in findings[0], said
    assert findings[0].startswith(third.name) and f"SET GLOBAL {net_timeout}=2 and {period}_HEARTBEAT_PERIOD=0.5" in findings[0]
