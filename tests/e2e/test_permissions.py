"""The user that deploy/manual/operations.md tells the operator to make, and nothing more, does everything sengu does."""

import re

from sengu_e2e import eventually, let_pass
from sengu_e2e.proxy import ROOT

PASSWORD = "of the proxy"


def documented_user():
    """The words of the manual's ACL SETUSER."""
    manual = (ROOT / "deploy/manual/operations.md").read_text()
    (command,) = re.findall(r"^ACL SETUSER sengu .*(?:\n +\S.*)*", manual, re.MULTILINE)
    return [">" + PASSWORD if word.startswith(">") else word for word in command.split()]


def denied(group):
    """What each live node refused for want of a permission."""
    return {node.name: [dict(zip(entry[::2], entry[1::2]))["object"] for entry in node.ask("ACL", "LOG")]
            for node in group.nodes if node.alive}


def test_the_documented_user_is_enough(world):
    group = world.redis(appendonly=True, password="of the servers")
    for node in group.nodes:
        assert node.ask(*documented_user()) == "OK"
        node.ask("CONFIG", "REWRITE")
    password_file = world.directory / "password"
    password_file.write_text(PASSWORD + "\n")
    # probe: adopted, routed, replicas known
    sengu = world.sengu(group, group={"username": "sengu", "password_file": str(password_file)})
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    nothing = {node.name: [] for node in group.nodes}

    # process death: promote, repoint, and the returned master is demoted
    first = group.nodes[0]
    first.kill()
    second = group.by_name(sengu.wait_routed(other_than=first.name))
    first.start()
    group.wait_replicating(second)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate again")
    assert denied(group) == nothing

    # silence: replicas are asked to shake hands again, the master that continues is demoted
    let_pass(1)      # the cool-down of a failover on silence
    second.pause()
    third = group.by_name(sengu.wait_routed(other_than=second.name))
    second.resume()
    group.wait_replicating(third)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate again")
    assert denied(group) == nothing

    # by command, of a living master: fence, promote, demote, unfence
    target = next(node for node in group.nodes if node is not third)
    done = sengu.run("failover", "g", "--to", target.name)
    assert done.returncode == 0, done.stderr
    sengu.wait_routed(target.name)
    group.wait_replicating(target)
    assert denied(group) == nothing
    assert not sengu.events("+step-failed") and not sengu.state()["findings"]

    # and each change of role is in the node's own file
    for node in group.nodes:
        follows = re.search(r"^replicaof (\S+) (\d+)$", (node.directory / "redis.conf").read_text(), re.MULTILINE)
        assert (follows and follows.groups()) == (None if node is target else (target.address, str(target.port)))
