"""What an operator does: failover, pause, check, wrong ports, two starts, restarts."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sengu_e2e import Connection, RouteWatch, account, eventually, let_pass, never


def ready(world, **options):
    group = world.redis(appendonly=True)
    sengu = world.sengu(group, **options)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    return group, sengu, group.nodes[0]


def test_failover_by_command(world):
    group, sengu, old = ready(world)
    epoch = sengu.state()["epoch"]
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300 and all(tap.received for tap in taps), what="writes flow")
    done = sengu.run("failover", "g", "--to", group.nodes[2].name)
    assert done.returncode == 0, done.stderr
    new = group.by_name(sengu.wait_routed(group.nodes[2].name))
    assert sengu.state()["epoch"] == epoch + 1
    eventually(lambda: old.follows(new), 20, "the old master follows")
    eventually(lambda: group.nodes[1].follows(new), 20, "the other replica too")
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), what="writers go on")
    writers.stop()
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert group.masters() == [new]


def test_pause_holds_back_and_resume_lets_go(world):
    group, sengu, old = ready(world)
    assert sengu.run("pause", "g").returncode == 0
    with Connection(sengu.vip) as client:
        assert client.command("SET", "k", "v") == "OK"     # routing goes on
    old.kill()
    never(lambda: sengu.events("+switch-master"), 2.5, "a promotion in pause")
    assert sengu.metrics()['sengu_group_paused{group="g"}'] == 1
    assert sengu.run("resume", "g").returncode == 0
    sengu.wait_routed(other_than=old.name)


@pytest.mark.parametrize("mode", ["manual", "observe"])
def test_modes_that_do_not_act(world, mode):
    group, sengu, old = ready(world, failover={"mode": mode, "hold_timeout": "1s"})
    old.kill()
    never(lambda: sengu.events("+switch-master"), 2.5, f"a promotion in mode {mode}")
    assert [node.role() for node in group.nodes[1:]] == ["slave", "slave"]
    if mode == "manual":
        assert sengu.run("failover", "g").returncode == 0
        sengu.wait_routed(other_than=old.name)


def test_unknown_names_are_answered_with_the_nearest(world):
    group, sengu, _ = ready(world)
    wrong = sengu.run("failover", "gg")
    assert wrong.returncode == 1 and wrong.stderr.strip()
    assert sengu.run("no-such-verb", admin=False).returncode == 2
    assert sengu.run("status", "--admin", f"{sengu.vip}:1", admin=False).returncode == 3
    assert not sengu.events("+switch-master")


def test_check_and_its_exit_status(world):
    sengu = world.sengu(start=False, group={"nodes": ["127.0.0.1:1"]})
    good = sengu.run("check", "--config", sengu.config, admin=False)
    assert good.returncode == 0, good.stderr
    assert "hold_timeout" in sengu.run("check", "--print", "--config", sengu.config, admin=False).stdout
    with open(sengu.config, "a") as config:
        config.write("unknwon = 1\n")
    for verb in ("check", "run"):
        bad = sengu.run(verb, "--config", sengu.config, admin=False)
        assert bad.returncode == 78
        assert f"{sengu.config}:" in bad.stderr + bad.stdout and "unknwon" in bad.stderr + bad.stdout


def test_state_dir_is_locked(world):
    group, sengu, _ = ready(world)
    second = world.sengu(group, start=False, subdirectory="second", host=9,
                         proxy={"state_dir": str(sengu.directory / "state")})
    outcome = second.run("run", "--config", second.config, admin=False)
    assert outcome.returncode == 75
    assert str(sengu.process.pid) in outcome.stderr, "it names the pid"


def test_restart_keeps_the_epoch_and_the_route(world):
    group, sengu, old = ready(world)
    old.kill()
    new = sengu.wait_routed(other_than=old.name)
    epoch = sengu.state()["epoch"]
    old.start()
    eventually(lambda: old.follows(group.by_name(new)), 20, "the old master follows")
    for end in (sengu.stop, sengu.kill):
        end()
        sengu.start()
        assert sengu.wait_routed() == new
        assert sengu.state()["epoch"] == epoch
        assert not sengu.events("+switch-master")


def test_clients_that_return_at_a_restart_wait_for_the_first_look(world):
    """The journal knows the master: nobody meets a table that says closed, also not in the first moment."""
    group, sengu, _ = ready(world)

    def first_answer(_):
        """Of an application that reconnects until the port is there."""
        connection = eventually(lambda: Connection(sengu.vip, timeout=15), 20, "a connection", every=0.0005)
        with connection:
            return connection.command("PING")

    with ThreadPoolExecutor(40) as applications:
        for _ in range(4):
            sengu.kill()
            answers = applications.map(first_answer, range(40))
            sengu.start(ready=False)
            assert set(answers) == {"PONG"}


def test_sighup_is_no_reload_and_no_end(world):
    _, sengu, old = ready(world)
    with Connection(sengu.vip) as client:
        assert client.command("PING") == "PONG"
        sengu.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload: not supported yet" in sengu.log_text(), what="it says so")
        assert client.command("PING") == "PONG"
    assert sengu.routed() == old.name
    assert sengu.stop() == 0


@pytest.mark.parametrize("delay_ms", [0, 3, 8, 15, 30, 80])
def test_kill_9_of_sengu_during_a_failover(world, delay_ms):
    """Whatever phase it dies in, the next start ends with one routed master and accounts for every write."""
    group, sengu, old = ready(world)
    epoch = sengu.state()["epoch"]
    taps = world.tap(*group.nodes[1:])
    writers = world.writers(sengu)
    eventually(lambda: writers.acked > 300 and all(tap.received for tap in taps), what="writes flow")
    old.kill()
    let_pass(delay_ms / 1000)       # chooses the phase
    sengu.kill()
    routes = RouteWatch(sengu.vip)
    sengu.start(within=30)
    routes.start()
    world.ended.append(routes._stop.set)
    new = group.by_name(sengu.wait_routed(other_than=old.name, within=30))
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), 20, "writers go on")
    old.start()
    eventually(lambda: old.follows(new), 20, "the old master follows")
    writers.stop()
    routes.stop()
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
    assert routes.addresses() == {new.address}
    assert epoch < sengu.state()["epoch"] <= epoch + 2
    eventually(lambda: group.masters() == [new], 20, "one master")


@pytest.mark.parametrize("master_lives", [True, False])
def test_damaged_journal_waits_for_the_operator(world, master_lives):
    """Nothing is guessed: closed until somebody names the master (RULES §7.1)."""
    group, sengu, old = ready(world)
    sengu.stop()
    journal = sengu.directory / "state" / "journal"
    journal.write_bytes(b"\xff" * journal.stat().st_size)
    if not master_lives:
        old.kill()
    sengu.start(ready=False)
    eventually(sengu.ready, what="sengu answers /readyz")
    eventually(lambda: sengu.state()["route"]["state"] == "closed", what="the route is closed")
    never(lambda: sengu.routed() or sengu.events("+adopted"), 1, "a master nobody named")
    assert sengu.metrics()["sengu_journal_ok"] == 0
    assert "failover --to" in sengu.run("status").stdout
    assert sengu.run("failover", "g").returncode == 1, "without a name it is refused"
    chosen, loss = (old, []) if master_lives else (group.nodes[2], ["--accept-loss"])
    done = sengu.run("failover", "g", "--to", chosen.name, *loss)
    assert done.returncode == 0, done.stderr
    sengu.wait_routed(chosen.name)
    eventually(lambda: group.masters() == [chosen], what="one master")
    eventually(lambda: sengu.metrics()["sengu_journal_ok"] == 1, what="the journal is good again")
    sengu.stop()
    sengu.start()
    assert sengu.wait_routed() == chosen.name
