"""Another decider on the same servers, a Sentinel or a second sengu: nothing is promoted or demoted until it is gone."""

import pytest

from sengu_e2e import eventually, never
from sengu_e2e.process import spawn
from sengu_e2e.redis_server import program

SENTINEL = """port 26379
bind {address}
dir {directory}
sentinel monitor g {master} 6379 1
sentinel down-after-milliseconds g 600000
"""


@pytest.fixture
def sentinel(world):
    """Starts one that watches the group and, for want of time, does nothing."""
    processes = []

    def start(group):
        directory = world.directory / "sentinel"
        directory.mkdir()
        conf = directory / "sentinel.conf"
        conf.write_text(SENTINEL.format(address=f"{world.block}.21", directory=directory, master=group.nodes[0].address))
        processes.append(spawn([program(), conf, "--sentinel"], directory / "log"))
        eventually(lambda: all("name=sentinel-" in node.ask("CLIENT", "LIST") for node in group.nodes), 30,
                   "the Sentinel is connected to every node")
        return processes[0]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def others(sengu):
    """What the doctor says of them."""
    return [finding for finding in sengu.state()["findings"] if "another decider" in finding]


def end(process):
    process.kill()
    process.wait()


def expect_no_promotion(proxies, group):
    """The master dies: every proxy holds its route and names the reason, in log, status and events."""
    replicas = [node for node in group.nodes[1:] if node.alive]
    group.nodes[0].kill()
    for sengu in proxies:
        eventually(lambda s=sengu: s.state()["route"]["reason"] == "two_deciders", what="the reason")
    never(lambda: any(node.role() == "master" for node in replicas), 2.5, "a promotion")
    for sengu in proxies:
        assert sengu.routed() is None and not sengu.events("+switch-master")
        alarms = sengu.events("+other-decider")
        assert alarms and alarms[0]["reason"] == "two_deciders" and "+other-decider" in sengu.log_text()
        status = sengu.run("status", "g")
        assert status.returncode == 1 and "another decider" in status.stdout, status.stdout


def test_a_sentinel_that_was_there_first(world, sentinel):
    group = world.redis()
    process = sentinel(group)
    sengu = world.sengu(group)
    eventually(lambda: "sentinel-" in str(others(sengu)), what="seen at the start")
    expect_no_promotion([sengu], group)
    end(process)
    sengu.wait_routed(other_than=group.nodes[0].name)
    assert not others(sengu) and sengu.events("-other-decider")


def test_a_sentinel_that_came_since_the_last_look(world, sentinel):
    group = world.redis()
    sengu = world.sengu(group)
    process = sentinel(group)
    assert not others(sengu)
    expect_no_promotion([sengu], group)
    assert sengu.events("-failover-abort"), "found by the look before the promote"
    end(process)
    sengu.wait_routed(other_than=group.nodes[0].name)


def test_a_sentinel_and_a_master_made_by_hand(world, sentinel):
    """Not demoted: the other decider may have meant it. Never routed either."""
    group = world.redis()
    process = sentinel(group)
    sengu = world.sengu(group)
    eventually(lambda: others(sengu), what="seen at the start")
    group.nodes[2].ask("REPLICAOF", "NO", "ONE")
    eventually(lambda: sengu.events("+rogue-master"), what="rogue")
    never(lambda: group.nodes[2].role() != "master" or sengu.routed() != group.nodes[0].name, 2.5, "a demotion")
    end(process)
    eventually(lambda: group.nodes[2].role() == "slave", 10, "demoted once the Sentinel is gone")


@pytest.mark.parametrize("name", ["another", "e2e"], ids=["of another name", "of the same name"])
def test_a_second_sengu(world, name):
    """Two processes under one name (it is the host's by default) are told apart by their addresses, not at once."""
    group = world.redis()
    first = world.sengu(group)
    second = world.sengu(group, subdirectory="second", host=30, proxy={"name": name})

    def settled(node):
        clients = [dict(field.split("=", 1) for field in line.split()) for line in node.ask("CLIENT", "LIST").splitlines()]
        return sum(client["name"].startswith("sengu-") and int(client["age"]) > 11 for client in clients) == 2
    eventually(lambda: all(settled(node) for node in group.nodes), 30, "both are connected for a while")
    expect_no_promotion([first, second], group)
    second.kill()
    first.wait_routed(other_than=group.nodes[0].name)


def test_without_the_permission_it_is_a_finding(world):
    group = world.redis()
    for node in group.nodes:
        node.ask("ACL", "SETUSER", "default", "-client|list")
    sengu = world.sengu(group)
    eventually(lambda: sum("CLIENT LIST" in finding for finding in sengu.state()["findings"]) == 3, what="findings")
    group.nodes[0].kill()
    sengu.wait_routed(other_than=group.nodes[0].name)
