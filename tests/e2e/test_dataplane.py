"""The relay and its listeners against real clients: readers, half-closes, refusals that arrive, no descriptors left."""

import contextlib
import signal
import socket
import time

import pytest

from sengu_e2e import Connection, eventually, let_pass
from sengu_e2e.clients import leads_to
from sengu_e2e.process import open_files
from sengu_e2e.resp import encode


def ready(world, **options):
    group = world.redis()
    sengu = world.sengu(group, **options)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu, group.nodes[0]


def test_readers_are_spread_over_replicas_and_cut_on_a_role_change(world):
    group, sengu, master = ready(world, readers=True)
    replicas = {node.address for node in group.nodes[1:]}
    eventually(lambda: leads_to(sengu.vip, 6380) in replicas, what="readers go to replicas")
    sessions = [Connection(sengu.vip, 6380) for _ in range(8)]
    places = [session.command("CONFIG", "GET", "bind")[1] for session in sessions]
    assert {place: places.count(place) for place in replicas} == {place: 4 for place in replicas}, "least connections"

    target = group.nodes[1]
    assert sengu.run("failover", "g", "--to", target.name).returncode == 0
    sengu.wait_routed(target.name)
    for session, place in zip(sessions, places):
        if place == target.address:
            assert session.closed_by_peer(within=5), "a reader of the promoted node is cut"
        session.close()
    eventually(lambda: master.follows(target), 20, "the old master follows")
    eventually(lambda: leads_to(sengu.vip, 6380) in {master.address, group.nodes[2].address}, what="readers elsewhere")


def test_readers_fall_back_to_the_master(world):
    group, sengu, master = ready(world, readers=True)
    for replica in group.nodes[1:]:
        replica.kill()
    eventually(lambda: leads_to(sengu.vip, 6380, timeout=1) == master.address, 15, "readers on the master")


def test_reply_arrives_after_a_half_close(world):
    _, sengu, _ = ready(world)
    with socket.create_connection((sengu.vip, 6379), 5) as client:
        client.sendall(encode("SET", "k", "x" * 100_000) + encode("GET", "k"))
        client.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    assert received == b"+OK\r\n$100000\r\n" + b"x" * 100_000 + b"\r\n"


def test_much_data_both_ways_with_a_slow_reader(world):
    _, sengu, _ = ready(world)
    value = bytes(range(256)) * 4096      # 1 MiB
    with Connection(sengu.vip, timeout=30) as client:
        assert client.command("SET", "big", value) == "OK"
        for _ in range(32):               # replies pile up until back-pressure holds the server
            client.send("GET", "big")
        for _ in range(32):
            assert client.read().encode(errors="surrogateescape") == value


def test_refusal_reaches_a_pipelining_client(world):
    group, sengu, master = ready(world, failover={"mode": "observe", "hold_timeout": "300ms"})
    master.kill()
    eventually(lambda: sengu.routed() is None, what="held")
    for _ in range(20):
        with socket.create_connection((sengu.vip, 6379), 5) as client:
            client.sendall(b"".join(encode("SET", f"k{n}", "x" * 200) for n in range(500)))   # a plain close loses it
            received = b""
            try:
                while chunk := client.recv(65536):
                    received += chunk
            except ConnectionResetError:
                pass
        assert received.startswith(b"-ERR sengu: "), received[:80]


def cpu_ticks(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


@pytest.mark.parametrize("limit", [0, 10000], ids=["max_connections from the file limit", "max_connections beyond it"])
def test_out_of_descriptors_is_survived(world, limit):
    _, sengu, master = ready(world, prefix=["prlimit", "--nofile=128:128"], proxy={"max_connections": limit})
    assert ("max_connections is 10000, but a limit of 128 open files allows" in sengu.log_text()) == (limit != 0)
    clients = []
    for _ in range(200):
        try:
            clients.append(socket.create_connection((sengu.vip, 6379), 1))
        except OSError:
            break
    eventually(lambda: open_files(sengu.process) >= 70, what="many descriptors in use")
    sengu.must_run()
    assert not any("accept_errors" in name and count for name, count in sengu.metrics().items()), "none is missing"
    for client in clients:
        client.close()
    eventually(lambda: leads_to(sengu.vip, timeout=1) == master.address, 15, "serves again")
    before = cpu_ticks(sengu.process)
    let_pass(0.5)
    assert cpu_ticks(sengu.process) - before < 40, "no busy loop is left behind (CPU in ticks of 10 ms)"


def crowd(address, port, count, request=b""):
    """Connections that stay, each with its request; those that were turned away are among them."""
    clients = []
    for _ in range(count):
        client = socket.create_connection((address, port), 5)
        clients.append(client)
        with contextlib.suppress(OSError):
            client.sendall(request)
    return clients


def test_frozen_master_is_replaced_though_clients_took_every_place(world):
    """Probes, steps and witnesses need descriptors of their own when it matters (tests the reserve, file_budget.hpp)."""
    group, sengu, master = ready(world, prefix=["prlimit", "--nofile=128:128"])
    before = open_files(sengu.process)
    clients = crowd(sengu.vip, 6379, 80)
    clients += crowd(sengu.vip, 26379, 80, b"PING\r\n")
    clients += crowd(sengu.vip, 9126, 80, b"GET /api/v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    eventually(lambda: open_files(sengu.process) > before + 40, what="the places are taken")
    master.pause()
    eventually(lambda: "+switch-master" in sengu.log_text(), 15, "a failover")
    for client in clients:
        client.close()
    eventually(lambda: leads_to(sengu.vip, timeout=1) not in (None, master.address), 15, "clients reach the new master")


def test_vip_that_is_not_there_yet(world):
    """IP_FREEBIND: the listener binds to an address that no interface has."""
    group = world.redis()
    sengu = world.sengu(group, group={"read_listen": "192.0.2.77:6379"})
    assert leads_to(sengu.vip) == group.nodes[0].address


def test_stop_delay_serves_on_while_readyz_says_503(world):
    """A load balancer looks at /readyz: it has stop_delay to send its clients elsewhere; then the listeners close."""
    delay, slack = 1.0, 0.5
    _, sengu, _ = ready(world, proxy={"stop_delay": "1s", "stop_grace": "3s"})
    session = Connection(sengu.vip)
    asked = time.monotonic()
    sengu.process.send_signal(signal.SIGTERM)
    eventually(lambda: sengu.http("/readyz")[0] == 503, 0.5, "/readyz says 503")
    served = 0
    try:
        while True:
            tried = time.monotonic()
            with Connection(sengu.vip) as client:
                assert client.command("SET", "k", served) == "OK"
            assert sengu.http("/readyz")[0] == 503
            served += 1
    except OSError:
        closed = time.monotonic()
    assert served >= 10
    assert asked + delay <= closed and tried < asked + delay + slack
    assert session.command("GET", "k") == str(served - 1), "a session has stop_grace to end by itself"
    session.close()
    assert sengu.process.wait(5) == 0
