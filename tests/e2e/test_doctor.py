"""The doctor: `sengu check --live` on real servers, before sengu runs and beside it, and what `status` says of the same."""

import pytest

from sengu_e2e import eventually


def test_what_is_misconfigured_is_said_until_it_is_mended(world):
    group = world.redis(password="of the servers")
    password_file = world.directory / "password"
    password_file.write_text("of the servers\n")
    sengu = world.sengu(group, start=False, group={"password_file": str(password_file)}, failover={"amnesia_wait": "0s"})
    master, second, third = group.nodes
    master.ask("CONFIG", "SET", "masterauth", "")
    for node in (second, third):
        node.ask("CONFIG", "SET", "replica-priority", 0)
    third.ask("CONFIG", "SET", "min-replicas-to-write", 2)

    code, said, findings = sengu.check_live()
    assert code == 1
    wrong = "\n".join(f"! {finding}" for finding in findings)
    assert len(findings) == 6, wrong
    for words in (f"! {master.name}: has no masterauth", "no replica may be promoted",
                  *[f"! {node.name}: keeps nothing on disk" for node in group.nodes], f"! {third.name}: min-replicas-to-write is 2"):
        assert words in wrong, wrong
    assert "of the servers" not in said
    assert f"if {master.name} died now: no node could become master" in said
    # a running one says the same
    sengu.start()
    assert eventually(lambda: len(sengu.state()["findings"]) == 6 and sengu.state()["findings"], what="findings") \
        == findings
    sengu.stop()

    master.ask("CONFIG", "SET", "masterauth", "of the servers")
    third.ask("CONFIG", "SET", "min-replicas-to-write", 1)
    for node in (second, third):
        node.ask("CONFIG", "SET", "replica-priority", 100)
    for node in group.nodes:
        node.ask("CONFIG", "SET", "appendonly", "yes")
    code, said, findings = sengu.check_live()
    assert (code, findings) == (0, []), said
    assert f"died now: {second.name} would become master" in said and "deciders: none" in said
    assert all(f"{node.name}  {node.name}  " in said for node in group.nodes)


def test_it_leaves_no_trace(world):
    """Nothing is told to a server, nobody takes it for a decider, and there is no state_dir."""
    group = world.redis()
    sengu = world.sengu(group, start=False)
    (sengu.directory / "state").rmdir()
    for node in group.nodes:
        node.ask("CONFIG", "RESETSTAT")
    with group.nodes[0].connect() as monitor:
        monitor.command("MONITOR")     # shows no command of administration: these are counted
        assert sengu.check_live()[0] == 0
        group.nodes[0].ask("ECHO", "the end")
        names = set()
        while '"the end"' not in (line := monitor.read()):
            if '"SETNAME"' in line.upper():
                names.add(line.split('"')[-2])
    assert names == {"check-sengu-e2e-g"}
    for node in group.nodes:
        stats = {key.removeprefix("cmdstat_"): value for key, value in node.info("commandstats").items()}
        replication = {"replconf", "psync", "ping"}
        ours = {"config|resetstat", "monitor", "echo", "info"}
        in_vain = {"replicaof", "client|kill"}    # asked with words that nothing can come of
        assert stats.keys() - replication - ours == {"client|setname", "client|list", "config|get", *in_vain}, stats
        assert all(",failed_calls=1" in stats[name] and stats[name].startswith("calls=1,") for name in in_vain), stats
    assert not (sengu.directory / "state").exists()


def test_beside_a_running_sengu(world):
    group = world.redis()
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    for _ in range(3):
        code, said, _ = sengu.check_live()
        assert code == 0 and "(runs with this configuration)" in said, said
    assert not sengu.events("+other-decider") and not sengu.state()["findings"]
    # another one on the same servers is a stranger to it
    second = world.sengu(group, start=False, subdirectory="second", host=30, proxy={"name": "another"})
    code, said, _ = second.check_live()
    assert code == 1 and "watched by another decider (sengu-e2e-g@" in said, said


def test_what_does_not_answer_is_named(world):
    group = world.redis()
    sengu = world.sengu(group, start=False)
    master, second, third = group.nodes
    third.kill()
    code, said, _ = sengu.check_live()
    assert code == 1 and "l4_refused" in said and f"died now: {second.name} would become master" in said, said
    second.pause()
    code, said, _ = sengu.check_live()
    assert code == 1 and "l7_timeout" in said and "no node could become master" in said, said
    second.resume()
    master.kill()
    eventually(lambda: second.info()["master_link_status"] == "down", what="the replica lost its master")
    code, said, _ = sengu.check_live()
    assert code == 1 and f"if {master.name} died now: {second.name} would become master" in said, said


def test_without_the_permission_settings_are_unknown(world):
    group = world.redis()
    sengu = world.sengu(group, start=False)
    for node in group.nodes:
        node.ask("CONFIG", "SET", "min-replicas-to-write", 2)
    assert sengu.check_live()[0] == 1
    for node in group.nodes:
        node.ask("ACL", "SETUSER", "default", "-config|get")
    code, said, findings = sengu.check_live()
    assert (code, findings) == (0, []), said


@pytest.mark.parametrize("text", ["[[group]]\nname = \"g\"\n", "x"], ids=["unfinished", "no TOML"])
def test_a_bad_file_is_told_before_anybody_is_asked(world, text):
    sengu = world.sengu(start=False)
    sengu.config.write_text(text)
    done = sengu.run("check", "--config", sengu.config, "--live", admin=False)
    assert done.returncode == 78 and not done.stdout and "sengu.toml:" in done.stderr
