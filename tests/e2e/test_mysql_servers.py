"""The ground under the MySQL tests, without sengu: that servers, writers and accounts of both flavours do what they say."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from sengu_e2e import account, eventually, never
from sengu_e2e.mysql_clients import LibraryWriters, MySqlWriters, Sysbench, cli
from sengu_e2e.mysql_flavour import FLAVOURS
from sengu_e2e.mysql_server import FOREVER
from sengu_e2e.sql import SqlError
from sengu_e2e.tls import Authority, unverified

CLI = {"mysql": ("mysql", "mariadb"), "mariadb": ("mariadb",)}   # which clients speak to which server
WRITERS = {"pymysql": (MySqlWriters, {}), "text": (LibraryWriters, {"mode": "text"}),
           "prepared": (LibraryWriters, {"mode": "prepared"})}


def test_a_group_starts_and_replicates(world, flavour):
    begun = time.monotonic()
    group = world.mysql(flavour)
    print(f"{flavour} {FLAVOURS[flavour].version()[0]}: three servers replicate after {time.monotonic() - begun:.2f} s")
    master, *replicas = group.nodes

    for node in group.nodes:
        assert node.release() == (flavour, FLAVOURS[flavour].version()[0])
    assert master.release()[1].startswith({"mariadb": "10.11.", "mysql": "9."}[flavour])
    assert [node.role() for node in group.nodes] == ["master", "replica", "replica"] and group.masters() == [master]

    with master.connect("app") as app:
        app.query("INSERT INTO w (writer, n) VALUES ('by-hand', 1)")
    group.wait_synced(master)
    for node in group.nodes:
        assert node.keys() == {"by-hand:1"}
        assert node.gtids() == node.received() == master.gtids()
    for replica in replicas:
        with replica.connect("app") as app, pytest.raises(SqlError) as refused:
            app.query("INSERT INTO w (writer, n) VALUES ('by-hand', 2)")
        assert refused.value.number == 1290


def test_monitor_may_ask_and_steer_and_no_more(world, flavour):
    (server,) = world.mysql(flavour, count=1).nodes
    with server.connect("monitor") as monitor:
        assert monitor.query(FLAVOURS[flavour].statements["status"]) == []
        monitor.query("SET GLOBAL read_only=ON")
        assert not server.writable()
        for forbidden in ("SELECT * FROM test.w", "SELECT * FROM mysql.user", "CREATE DATABASE mine"):
            with pytest.raises(SqlError) as refused:
                monitor.query(forbidden)
            assert refused.value.number in (1044, 1142, 1227), refused.value


def test_semi_sync_waits_for_a_replica(world, flavour):
    group = world.mysql(flavour, semi_sync=FOREVER)
    master, *replicas = group.nodes
    assert master.semi_sync_clients() == 2
    assert master.variable(f"{FLAVOURS[flavour].semi_sync}_wait_point") == "AFTER_SYNC"
    for replica in replicas:
        assert replica.variable(f"{FLAVOURS[flavour].semi_sync}_enabled") == 0   # only on the master, or their appliers wait
        replica.stop_receiving()

    with master.connect("app", timeout=30) as app:
        write = threading.Thread(target=app.query, args=("INSERT INTO w (writer, n) VALUES ('semi', 1)",))
        write.start()
        never(lambda: not write.is_alive(), 0.5, "acknowledged without a replica")
        assert master.keys() == set()       # AFTER_SYNC: not seen by others before
        replicas[0].start_receiving()
        write.join(20)
        assert not write.is_alive()
    assert master.keys() == {"semi:1"}


@pytest.mark.parametrize("client", WRITERS)
def test_writers_account_for_every_row(world, flavour, client):
    (server,) = world.mysql(flavour, count=1).nodes
    kind, options = WRITERS[client]
    writers = world.sql_writers(server.address, 4, kind=kind, **options)
    writers.wait_acked(200, 10)

    server.kill()
    died = time.monotonic()
    server.start()
    refusing = time.monotonic()
    eventually(lambda: 1290 in writers.refusals(), what="a server that merely started refuses writes")
    server.become_master()
    eventually(lambda: writers.since(refusing), what="writers go on")
    writers.stop()

    assert writers.longest_gap(died) >= refusing - died > 0
    accounts = account(writers.keys, server)
    assert accounts.acked > 200 and not accounts.lost, str(accounts)
    stored = server.keys()
    assert writers.found <= stored
    assert len(stored - writers.keys - writers.found) <= len(writers.all), "more than the last unanswered row of each"
    print(f"{flavour} {client}: {accounts}, {len(writers.found)} found, "
          f"{sum(len(writer.errors) for writer in writers.all)} errors, {len(writers.refusals())} refusals")

    gone = next(iter(writers.keys))
    name, number = gone.split(":")
    server.query("DELETE FROM test.w WHERE writer=%s AND n=%s", name, number)
    assert account(writers.keys, server).lost == {gone}


def test_a_row_done_without_its_acknowledgement_is_found(world, flavour):
    """What a frozen server has in its sockets it executes on waking; the client has long given that connection up."""
    (server,) = world.mysql(flavour, count=1).nodes
    writers = world.sql_writers(server.address, 4)
    writers.wait_acked(20, 10)

    def found():
        server.pause()
        for writer in writers.all:
            errors = len(writer.errors)
            writer.interrupt()
            eventually(lambda w=writer, n=errors: len(w.errors) > n or w.connection is None, 10, "its connection ends")
        server.resume()
        writers.wait_going_on(20)
        return writers.found
    eventually(found, 60, "an INSERT whose answer nobody read")
    writers.stop()
    stored = server.keys()
    assert writers.found <= stored and not writers.found & writers.keys
    assert not account(writers.keys, server).lost


def test_writers_of_one_name_are_a_mistake(world, flavour):
    (server,) = world.mysql(flavour, count=1).nodes
    for kind in (MySqlWriters, LibraryWriters):
        server.query("REPLACE INTO test.w (writer, n) VALUES ('w0', 0)")
        writers = world.sql_writers(server.address, 1, kind=kind)
        eventually(lambda w=writers: not w.all[0]._thread.is_alive(), what="it gives up")
        with pytest.raises(AssertionError, match="was (there )?before"):
            writers.stop()


def test_roles_change_by_hand(world, flavour):
    group = world.mysql(flavour, semi_sync=FOREVER)
    old, new, other = group.nodes
    with old.connect("app") as app:
        app.query("INSERT INTO w (writer, n) VALUES ('before', 1)")
    old.run("SET GLOBAL read_only=ON")
    new.wait_for(old.gtids())
    new.become_master()
    old.become_replica_of(new)
    other.become_replica_of(new)
    group.wait_synced(new)
    eventually(lambda: new.semi_sync_clients() == 2, what="both acknowledge to the new master")
    assert group.masters() == [new] and all(node.keys() == {"before:1"} for node in group.nodes)

    old.kill()
    old.start()
    eventually(lambda: old.follows(new), 20, "a replica that restarts goes on as one")
    old.kill()
    old.start(empty=True)
    assert old.role() == "master" and not old.writable() and old.keys() == set()


def test_a_replica_is_cut_off_or_broken(world, flavour):
    group = world.mysql(flavour)
    master, deaf, broken = group.nodes
    deaf.stop_receiving()
    broken.break_applying(master)
    assert deaf.replica_status().io == "No" and deaf.replica_status().sql == "Yes"
    assert broken.replica_status().sql == "No" and broken.replica_status().sql_errno == 1062
    assert deaf.received() == deaf.gtids() != master.gtids()
    eventually(lambda: broken.received() == master.gtids(), what="received, and not applied")
    assert broken.gtids() != master.gtids()


def test_alive_and_of_no_use(world, flavour):
    (server,) = world.mysql(flavour, count=1).nodes
    with server.full():
        assert server.refuses(1040)
        last_place = eventually(lambda: server.connect("monitor").open(), what="the one who was just refused has left it")
        with contextlib.closing(last_place) as monitor:
            assert monitor.value("SELECT 1") == 1
    with server.password_changed():
        assert server.refuses(1045, user="monitor") and not server.refuses(1045)
    for user in ("app", "monitor"):
        with server.connect(user) as client:
            assert client.value("SELECT 1") == 1
    assert server.writable()


def test_tls_is_required_and_verified(world, flavour):
    group = world.mysql(flavour, count=1, tls="verify")
    (server,) = group.nodes
    ours, others = group.authority, Authority(world.directory / "others")
    with server.connect("app", tls=ours.verifying()) as client:
        assert client.cipher
    with pytest.raises(ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        server.connect("app", tls=others.verifying()).open()
    for mode in ("text", "prepared"):
        writers = world.sql_writers(server.address, 1, kind=LibraryWriters, prefix=mode, mode=mode, tls=ours)
        writers.wait_acked(10, 10)
        writers.stop()
    stranger = world.sql_writers(server.address, 1, kind=LibraryWriters, prefix="stranger", tls=others)
    eventually(lambda: stranger.all[0].errors, what="a certificate of somebody else")
    assert not stranger.stop().acked
    for program in CLI[flavour]:
        shown = cli(program, server.address, "SHOW STATUS LIKE 'Ssl_cipher'", f"--ssl-ca={ours.ca_file}",
                    {"mysql": "--ssl-mode=VERIFY_IDENTITY", "mariadb": "--ssl-verify-server-cert"}[program])
        assert shown.returncode == 0 and shown.stdout.split()[1].startswith(("TLS_", "ECDHE")), shown


def test_clear_text_is_not_taken_for_tls(world, flavour):
    (server,) = world.mysql(flavour, count=1, tls="off").nodes
    with pytest.raises((ConnectionError, SqlError)):
        server.connect("app", tls=unverified()).open()
    writers = world.sql_writers(server.address, 1, kind=LibraryWriters, tls="require")
    eventually(lambda: writers.all[0].errors or writers.refusals(), what="no TLS, no writes")   # 2026; MySQL answers 1043
    assert not writers.stop().acked


def test_the_usual_programs(world, flavour):
    group = world.mysql(flavour)
    master = group.nodes[0]
    for program in CLI[flavour]:
        shown = cli(program, master.address, "SELECT @@GLOBAL.server_id")
        assert shown.returncode == 0 and shown.stdout.strip() == str(master.server_id), shown
    refused = cli(flavour, group.nodes[1].address, "INSERT INTO w VALUES ('cli', 1)")
    assert refused.returncode == 1 and "ERROR 1290 (HY000)" in refused.stderr, refused

    bench = Sysbench(master.address, world.directory, seconds=2).prepare()
    world.ended.append(bench.abandon)
    totals = bench.start().wait()
    assert totals["transactions"] > 0, totals
    group.wait_synced(master)
    sums = group.checksums(*bench.tables)
    assert len(sums) == 3 and len(set(map(tuple, sums.values()))) == 1, sums
    print(f"{flavour}: sysbench {totals}")


def test_a_server_dies_with_its_test(tmp_path, flavour):
    """Also where it gave up its user: no mysqld may be left when pytest is killed."""
    script = ("import sys, pathlib; from sengu_e2e import claim_block; from sengu_e2e.mysql_server import MySqlServer\n"
              f"s = MySqlServer(claim_block() + '.11', pathlib.Path('{tmp_path}'), '{flavour}').start()\n"
              "print(s.process.pid, flush=True); sys.stdin.read()")
    support = __file__.rsplit("/", 2)[0] + "/support"
    with subprocess.Popen(["/usr/bin/python3", "-B", "-c", script], env={"PYTHONPATH": support, "PATH": "/usr/sbin:/usr/bin:/bin"},
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        server = int(owner.stdout.readline())
        with open(f"/proc/{server}/cmdline", encoding="utf-8") as command:
            assert "--datadir=" in command.read()
        owner.kill()
    try:
        eventually(lambda: not Path(f"/proc/{server}").exists(), 10, "mysqld is gone")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, signal.SIGKILL)
