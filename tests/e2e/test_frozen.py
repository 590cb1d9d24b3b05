"""sengu itself is frozen: alone, or together with the master while the operator moves the group by hand."""

import time

import pytest

from sengu_e2e import Connection, account, eventually, let_pass
from sengu_e2e.resp import encode

SESSIONS = 8


def ready_group(world):
    group = world.redis()
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu


def test_healthy_group_stays_as_it_is(world):
    group, sengu = ready_group(world)
    epoch, master = sengu.state()["epoch"], group.nodes[0]
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300, what="writes flow")

    sengu.sit_out_a_freeze(writers, master)
    writers.stop()

    assert sengu.state()["epoch"] == epoch and not sengu.state()["tilt"]
    assert not sengu.events("+switch-master") and not sengu.events("+try-failover")
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]
    accounts = account(writers.keys, master)
    assert not accounts.lost, str(accounts)


class Frozen:
    """sengu and the master are frozen, writes wait in the master's sockets, and a replica was promoted by hand."""

    def __init__(self, world, other):
        self.group, self.sengu = ready_group(world)
        self.old, self.new, third = self.group.nodes
        self.clients = [Connection(self.sengu.vip, timeout=10) for _ in range(SESSIONS)]
        for client in self.clients:
            assert client.command("PING") == "PONG"
        self.old.pause()
        for number, client in enumerate(self.clients):
            client.socket.sendall(encode("SET", f"queued:{number}", "1"))
        eventually(self.relayed, what="the writes wait in the master's sockets")
        self.sengu.pause()
        let_pass(1.5)
        self.new.ask("REPLICAOF", "NO", "ONE")
        if other == "repointed":
            third.ask("REPLICAOF", self.new.address, self.new.port)
            eventually(lambda: third.follows(self.new), 20, "the other replica follows")

    def relayed(self):
        """Asked of sengu's counters, since nobody answers for the frozen master."""
        name = 'sengu_bytes_total{group="g",direction="client_to_server"}'
        sent = SESSIONS * len(encode("PING")) + sum(len(encode("SET", f"queued:{n}", "1")) for n in range(SESSIONS))
        return self.sengu.metrics()[name] >= sent

    def answers(self, within=2.0):
        """What each queued write was answered until its session was cut, or until the time is over."""
        deadline = time.monotonic() + within
        return [everything_from(client, deadline) for client in self.clients]


def everything_from(client, deadline):
    data = b""
    try:
        while True:
            client.socket.settimeout(max(0.001, deadline - time.monotonic()))
            chunk = client.socket.recv(4096)
            if not chunk:
                return data
            data += chunk
    except OSError:
        return data


@pytest.mark.parametrize("other", ["repointed", "left"])
@pytest.mark.parametrize("wakes_first", ["sengu", "master"])
def test_switch_by_hand_behind_a_frozen_sengu(world, wakes_first, other):
    """Both continue: what the old master does now is told to no client."""
    frozen = Frozen(world, other)
    if wakes_first == "sengu":
        frozen.sengu.resume()
        eventually(lambda: frozen.sengu.state()["route"]["state"] != "open", what="sengu doubts the silent master")
        frozen.old.resume()
    else:
        frozen.old.resume()
        eventually(lambda: frozen.old.keys(), what="the queued writes are carried out")
        frozen.sengu.resume()
    assert frozen.answers() == [b""] * SESSIONS


def test_switch_by_hand_that_is_complete_before_sengu_continues(world):
    """The old master carried the queued writes out, then was made a replica and lost them: nobody may hear of them."""
    frozen = Frozen(world, "repointed")
    old, new, sengu = frozen.old, frozen.new, frozen.sengu
    old.resume()
    eventually(lambda: len(old.keys()) == SESSIONS, what="the queued writes are carried out")
    old.ask("REPLICAOF", new.address, new.port)
    eventually(lambda: old.follows(new), 20, "the old master follows")
    sengu.resume()
    answers = frozen.answers()
    sengu.wait_routed(new.name)
    told = {f"queued:{number}" for number, answer in enumerate(answers) if b"+OK" in answer}
    accounts = account(told, new)
    assert not accounts.lost, str(accounts)
    assert answers == [b""] * SESSIONS
