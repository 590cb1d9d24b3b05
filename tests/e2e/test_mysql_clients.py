"""The clients people use, through the VIP: served, held, refused, over TLS, and through the death of the master."""

import contextlib
import re
import socket
import subprocess
import time

import pytest

from sengu_e2e import eventually, never, nothing_lost
from sengu_e2e.mysql_clients import LibraryWriters, Sysbench, cli, cli_command
from sengu_e2e.mysql_server import FOREVER
from sengu_e2e.sql import Connection, SqlError
from sengu_e2e.tls import Authority

CLI = {"mysql": ("mysql", "mariadb"), "mariadb": ("mariadb",)}   # which clients speak to which server
NO_CANDIDATE = 'sengu: group "g" has no master: no replica may be promoted; waited for hold_timeout'
UNVERIFIED = "Received error packet before completion of TLS handshake. The authenticity of the following error cannot be verified: "


def returns(sengu, group, old, new):
    """The nodes that replicate from `new`: `old` is one of them unless it is kept out with transactions of its own."""
    eventually(lambda: old.follows(new) or sengu.node(old.name)["errant"], 30, "the old master follows or is kept out")
    return [node for node in group.nodes if node is not new and (node is not old or not sengu.node(old.name)["errant"])]


def errors(program, number, text):
    """What the program may print. MariaDB's newer library tells an error that came in clear text as a 2002 of its own."""
    plain = f"ERROR {number} (HY000): {text}"
    return {plain} if program == "mysql" else {plain, f"ERROR 2002 (HY000): {UNVERIFIED}{number} - {text}"}


def every_writer(world, sengu, authority=None):
    """PyMySQL; libmysqlclient with statements as text, and with prepared ones. Over TLS if there is an authority."""
    library = {"kind": LibraryWriters, "tls": authority or "off"}
    return {"PyMySQL": world.sql_writers(sengu.vip, 2, prefix="py", tls=authority and authority.verifying()),
            "text": world.sql_writers(sengu.vip, 2, prefix="text", mode="text", **library),
            "prepared": world.sql_writers(sengu.vip, 2, prefix="prepared", mode="prepared", **library)}


def through_the_death_of_the_master(group, sengu, old, writers):
    """Each kind of client reconnects by itself, and nothing that it was told is lost."""
    for kind in writers.values():
        kind.wait_acked(50)
    old.kill()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    for kind in writers.values():
        kind.wait_going_on()
    for what, kind in writers.items():
        kind.stop()
        print(f"{what}: {nothing_lost(kind, new)}, longest wait {kind.longest_gap() * 1000:.0f} ms")


def test_drivers_reconnect_to_the_new_master(world, flavour):
    group, sengu, old = world.ready_mysql(flavour)
    for program in CLI[flavour]:
        shown = cli(program, sengu.vip, "INSERT INTO w VALUES ('cli', 1); SELECT @@GLOBAL.server_id; DELETE FROM w")
        assert (shown.returncode, shown.stdout.strip()) == (0, str(old.server_id)), shown
    through_the_death_of_the_master(group, sengu, old, every_writer(world, sengu))


def test_tls_passes_through(world, flavour):
    """Clients verify the servers' certificate for the VIP's address; sengu, which has none, verifies theirs as well."""
    group = world.mysql(flavour, semi_sync=FOREVER, tls="verify")
    ours, old = group.authority, group.nodes[0]
    sengu = world.sengu(group, group={"tls": "verify", "ca_file": str(ours.ca_file)})
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    for program in CLI[flavour]:
        shown = cli(program, sengu.vip, "SHOW STATUS LIKE 'Ssl_cipher'", f"--ssl-ca={ours.ca_file}",
                    {"mysql": "--ssl-mode=VERIFY_IDENTITY", "mariadb": "--ssl-verify-server-cert"}[program])
        assert shown.returncode == 0 and shown.stdout.split()[1].startswith(("TLS_", "ECDHE")), shown
    with pytest.raises(ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        Connection(sengu.vip, tls=Authority(world.directory / "others").verifying()).open()
    through_the_death_of_the_master(group, sengu, old, every_writer(world, sengu, ours))


@contextlib.contextmanager
def client_that_waits(program, host):
    """The program, connecting to where nobody greets yet; its output is to be read by communicate()."""
    command, environment = cli_command(program, host, "SELECT @@GLOBAL.server_id")
    client = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    try:
        yield client
    finally:
        client.kill()
        client.communicate()


@pytest.mark.parametrize("ends", ["the master wakes up", "another is promoted"])
def test_held_clients_wait_for_the_greeting(world, flavour, ends):
    wakes = ends == "the master wakes up"
    group, sengu, old = world.ready_mysql(flavour, semi_sync=None, health={"down_after": "1s"},
                                          failover={"mode": "manual", "step_timeout": "5s"})
    old.pause()
    eventually(lambda: sengu.state()["route"]["state"] == "held", what="held")
    with contextlib.ExitStack() as waiting:
        clients = [waiting.enter_context(client_that_waits(program, sengu.vip)) for program in CLI[flavour]]
        raw = waiting.enter_context(socket.create_connection((sengu.vip, 3306), 30))
        raw.setblocking(False)
        eventually(lambda: sengu.state()["parked"] == len(clients) + 1, what="all of them are parked")
        never(lambda: any(client.poll() is not None for client in clients) or readable(raw), 0.5, "a greeting, or an end")
        if wakes:
            old.resume()
            master = old
        else:
            ordered = sengu.run("failover", "g")
            assert ordered.returncode == 0, ordered
            master = group.by_name(sengu.wait_routed(other_than=old.name))
        for client in clients:
            out, err = client.communicate(timeout=30)
            assert (client.returncode, out.strip()) == (0, str(master.server_id)), err
        greeting = eventually(lambda: readable(raw), what="a greeting")
        version = master.variable("version").encode()
        assert version in greeting, greeting


def readable(raw):
    try:
        return raw.recv(4096)
    except BlockingIOError:
        return b""


def test_refused_clients_print_the_reason(world, flavour):
    group, sengu, old = world.ready_mysql(flavour, semi_sync=None, failover={"hold_timeout": "1s"})
    for replica in group.nodes[1:]:
        replica.stop_applying()
    eventually(lambda: all(sengu.rejected().get(node.name) == "applier_stopped" for node in group.nodes[1:]), what="no candidate")
    old.kill()
    eventually(lambda: sengu.state()["last_reason"] == "no_good_replica", what="nobody may be promoted")
    for program in ("mysql", "mariadb"):
        asked = time.monotonic()
        refused = cli(program, sengu.vip, "SELECT 1")
        assert time.monotonic() - asked >= 0.9, "it waited for hold_timeout first"
        assert refused.returncode == 1 and not refused.stdout
        assert refused.stderr.strip() in errors(program, 1053, NO_CANDIDATE), refused
    with pytest.raises(SqlError) as error:
        Connection(sengu.vip, timeout=20).open()
    # PyMySQL 1.0 cuts off six bytes without looking whether they are an SQL state.
    assert error.value.number == 1053 and error.value.text in (NO_CANDIDATE, NO_CANDIDATE[6:]), error.value
    writers = world.sql_writers(sengu.vip, 1, kind=LibraryWriters)
    eventually(lambda: writers.all[0].refusals, what="libmysqlclient is refused")
    (_, refusal), *_ = writers.all[0].refusals
    assert refusal.number == 1053 and NO_CANDIDATE in refusal.text


@pytest.mark.parametrize("keys, number, text", [
    ({"max_connections": 1}, 1040, "sengu: too many connections"),
    ({"allow": ["10.0.0.0/8"]}, 1130, "sengu: this address is not allowed")], ids=["full", "not allowed"])
def test_refused_at_the_door(world, flavour, keys, number, text):
    sengu = world.sengu(world.mysql(flavour, count=1), group=keys)
    with contextlib.ExitStack() as taken:
        if "max_connections" in keys:
            taken.enter_context(Connection(sengu.vip))
        for program in ("mysql", "mariadb"):
            refused = cli(program, sengu.vip, "SELECT 1")
            assert refused.returncode == 1 and refused.stderr.strip() in errors(program, number, text), refused


def test_sysbench_through_the_death_of_the_master(world, flavour):
    """It reconnects and finishes; then the tables are the same on every node that replicates.

    An old master with transactions that nobody else has is kept out for people to repair, and is left out here.
    """
    group, sengu, old = world.ready_mysql(flavour)
    bench = Sysbench(sengu.vip, world.directory, seconds=8).prepare()
    world.ended.append(bench.abandon)
    bench.start()
    eventually(lambda: "[ 2s ]" in bench.log.read_text(), 30, "two seconds of transactions")
    old.kill()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    old.start()
    totals = bench.wait()
    followers = returns(sengu, group, old, new)
    for node in followers:
        node.wait_for(new.gtids())
    sums = {name: sums for name, sums in group.checksums(*bench.tables).items()
            if name in {node.name for node in (new, *followers)}}
    print(f"{flavour}: {totals}, checksums {sums}, the old master {'follows' if old in followers else 'is kept out as errant'}")
    assert len(sums) == 1 + len(followers) >= 2 and len(set(map(tuple, sums.values()))) == 1, sums
    assert totals["reconnects"] >= 4, "each of its threads"
    seconds = re.findall(r"\[ \d+s \].* tps: ([0-9.]+) .* reconn/s: ([0-9.]+)", bench.log.read_text())
    reconnected = next(second for second, (_, reconnects) in enumerate(seconds) if float(reconnects) > 0)
    assert any(float(transactions) > 0 for transactions, _ in seconds[reconnected + 1:]), "transactions afterwards"
