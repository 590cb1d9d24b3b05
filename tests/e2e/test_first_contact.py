"""What sengu makes of a group that its journal does not know, or knows wrongly: adopted, or closed and why; nothing is wiped."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import time

import pytest

from sengu_e2e import account, eventually, let_pass, never

CLONE_FS, CLONE_NEWNS = 0x00000200, 0x00020000
KEYS = 500


def group_with_data(world, **options):
    group = world.redis(appendonly=True, options=("--appendfsync", "always"), **options)
    group.nodes[0].fill(KEYS)
    group.wait_synced(group.nodes[0])
    return group


def expect_closed(sengu, group, reason):
    """Said in text and JSON; no role and no key changes meanwhile."""
    live = [node for node in group.nodes if node.alive]
    before = [(node.role(), node.keys()) for node in live]
    eventually(lambda: sengu.state()["route"]["reason"] == reason, what=f"closed: {reason}")
    assert sengu.state()["route"]["state"] == "closed" and sengu.state()["master"] is None
    status = sengu.run("status", "g")
    assert status.returncode == 1 and f"({reason}: " in status.stdout
    never(lambda: sengu.routed() or sengu.state()["route"]["reason"] != reason, 2, "a decision", every=0.05)
    assert [(node.role(), node.keys()) for node in live] == before


def closed(sengu):
    sengu.start(ready=False)
    eventually(sengu.ready, what="sengu answers /readyz")
    return sengu


def journal(sengu):
    return sengu.directory / "state" / "journal"


def group_without_journal(world):
    """sengu knew the group, is stopped, and its journal is gone."""
    group = group_with_data(world)
    sengu = world.sengu(group)
    sengu.stop()
    journal(sengu).unlink()
    return group, sengu


def test_two_masters_at_the_first_start(world):
    group = group_with_data(world)
    first, second, third = group.nodes
    second.ask("REPLICAOF", "NO", "ONE")
    second.fill(KEYS, prefix="second")
    sengu = closed(world.sengu(group, start=False))
    expect_closed(sengu, group, "two_masters")
    assert sengu.run("failover", "g").returncode == 1, "without a name it is refused"
    assert sengu.run("failover", "g", "--to", second.name).returncode == 0
    sengu.wait_routed(second.name)
    group.wait_replicating(second)
    assert len(third.keys()) == 2 * KEYS


def test_journal_deleted(world):
    group, sengu = group_without_journal(world)
    sengu.start()
    assert sengu.wait_routed() == group.nodes[0].name
    assert sengu.events("+adopted") and sengu.state()["epoch"] == 1
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]
    assert [len(node.keys()) for node in group.nodes] == [KEYS] * 3


def test_journal_deleted_and_the_master_dead(world):
    """Which node was the last master nobody knows for sure: the operator names one."""
    group, sengu = group_without_journal(world)
    group.nodes[0].kill()
    expect_closed(closed(sengu), group, "group_unseen")
    chosen = group.nodes[2]
    done = sengu.run("failover", "g", "--to", chosen.name, "--accept-loss")
    assert done.returncode == 0, done.stderr
    sengu.wait_routed(chosen.name)
    assert len(chosen.keys()) == KEYS
    group.nodes[0].start()
    # This run never saw it as one of the group, nor does the journal know it: its data is not given up unasked.
    eventually(lambda: sengu.events("+stranger", node=group.nodes[0].name), what="it is left alone")
    done = sengu.run("rejoin", "g", group.nodes[0].name, "--wipe")
    assert done.returncode == 0, done.stderr
    group.wait_replicating(chosen)


def test_journal_deleted_and_a_replica_unseen(world):
    """Until it is seen: it might have been promoted."""
    group, sengu = group_without_journal(world)
    group.nodes[2].kill()
    expect_closed(closed(sengu), group, "group_unseen")
    group.nodes[2].start()
    sengu.wait_routed(group.nodes[0].name)
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]


def failed_over_and_journal_put_back(world, lose):
    """The journal is of an older epoch than the group: (group, sengu, writers of the newer epoch)."""
    group = group_with_data(world)
    sengu = world.sengu(group)
    old = group.nodes[0]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    backup = sengu.directory / "backup"
    shutil.copytree(sengu.directory / "state", backup)
    lose(old)
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    eventually(lambda: [node.follows(new) for node in group.nodes[1:] if node is not new] == [True], 20, "repointed")
    writers = world.writers(sengu, prefix="newer")
    eventually(lambda: writers.acked > 300, what="writes flow")
    writers.stop()
    group.wait_synced(new)
    sengu.stop()
    shutil.rmtree(sengu.directory / "state")
    shutil.copytree(backup, sengu.directory / "state")
    return group, sengu, writers


def expect_newer_writes(group, sengu, writers):
    """Whoever is routed has them; while nobody is, status says why and two copies have them."""
    def decided():
        return sengu.routed() or (sengu.state()["route"]["reason"] not in ("starting", "connection_lost"))
    eventually(decided, 20, "a decision")
    never(lambda: sengu.routed() and len(account(writers.keys, group.by_name(sengu.routed())).lost), 3,
          "routed to a master without acknowledged writes (so many)", every=0.1)
    whole = [node for node in group.nodes if node.alive and not account(writers.keys, node).lost]
    assert len(whole) >= 2, f"whole copies: {[node.name for node in whole]}\n{sengu.run('status', 'g').stdout}"


def test_journal_of_an_older_epoch_and_the_old_master_follows(world):
    group, sengu, writers = failed_over_and_journal_put_back(world, lambda old: old.kill())
    old = group.nodes[0]
    new = next(node for node in group.masters())
    old.start(replica_of=new)
    old.ask("REPLICAOF", new.address, new.port)
    group.wait_synced(new)
    sengu.start()
    assert sengu.wait_routed() == new.name
    assert sengu.events("+adopted")
    assert group.masters() == [new]
    expect_newer_writes(group, sengu, writers)


def test_journal_of_an_older_epoch_and_the_old_master_dead(world):
    group, sengu, writers = failed_over_and_journal_put_back(world, lambda old: old.kill())
    expect_newer_writes(group, closed(sengu), writers)


def test_journal_of_an_older_epoch_and_the_old_master_restarted(world):
    group, sengu, writers = failed_over_and_journal_put_back(world, lambda old: old.kill())
    group.nodes[0].start()
    expect_newer_writes(group, closed(sengu), writers)


@pytest.mark.parametrize("answers_first", ["present master", "old master"])
def test_journal_of_an_older_epoch_and_the_old_master_lived_on(world, answers_first):
    """It is the very server of the journal, and says master; but a replica of it was promoted since."""
    group, sengu, writers = failed_over_and_journal_put_back(world, lambda old: old.pause())
    (new,), old = group.masters(), group.nodes[0]
    late = old if answers_first == "present master" else new
    old.resume()
    late.pause()
    closed(sengu)
    eventually(lambda: len([node for node in sengu.state()["nodes"] if node["health"] == "up"]) == 2, what="two are seen")
    late.resume()
    expect_newer_writes(group, sengu, writers)


@pytest.mark.parametrize("old_master", ["dead", "restarted"])
def test_journal_of_an_older_epoch_and_a_master_ahead_of_its_replica(network, world, old_master):
    """The present master is alive, and only it has the newest writes: no replica of it may take its place."""
    group, sengu, writers = failed_over_and_journal_put_back(world, lambda old: old.kill())
    (new,) = group.masters()
    for node in group.nodes:
        network.cut(new.address, node.address)
    new.ask("CLIENT", "KILL", "TYPE", "replica")
    new.fill(KEYS, prefix="newest")
    if old_master == "restarted":
        group.nodes[0].start()
    closed(sengu)
    let_pass(4)                       # more than twice down_after: whatever it does it has done
    network.heal()
    never(lambda: len(new.keys()) < 2 * KEYS, 2, "the newest writes are wiped", every=0.05)
    assert sengu.routed() in (None, new.name)


@pytest.mark.parametrize("slot", [0, 1])
def test_one_slot_of_the_journal_is_corrupt(world, slot):
    """After a failover: the other one knows enough to find out."""
    group = group_with_data(world)
    sengu = world.sengu(group)
    old = group.nodes[0]
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    old.kill()
    new = group.by_name(sengu.wait_routed(other_than=old.name))
    epoch = sengu.state()["epoch"]
    sengu.stop()
    with open(journal(sengu), "r+b") as file:
        file.seek(slot * 4096 + 100)
        file.write(b"\xff" * 1000)
    sengu.start()
    assert sengu.wait_routed() == new.name and sengu.state()["epoch"] >= epoch
    assert len(new.keys()) == KEYS
    old.start()
    group.wait_replicating(new)
    assert group.masters() == [new]


class Disk:
    """A filesystem of 1 MiB for state_dir, in a mount namespace of this thread and of what it starts."""

    def __init__(self):
        self.home = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self.libc = ctypes.CDLL(None, use_errno=True)
        if self.libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS)")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)

    def leave(self):
        # A thread that shares its working directory with others (a writer may still be ending) may not change: setns(2), EINVAL.
        if self.libc.unshare(CLONE_FS) != 0 or self.libc.setns(self.home, CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(self.home)

    def mount(self, directory):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], check=True)
        self.filler = directory / "filler"

    def fill(self):
        with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    def free(self):
        self.filler.unlink()


@pytest.fixture
def disk():
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)   # a chroot has no way back
    if tried.returncode != 0:
        pytest.skip(f"no mounts of one's own here: {tried.stderr.strip()}")
    disk = Disk()
    yield disk
    disk.leave()


def test_disk_is_full_at_the_first_start(disk, world):
    group = group_with_data(world)
    sengu = world.sengu(group, start=False)
    disk.mount(sengu.directory / "state")
    disk.fill()
    closed(sengu)
    eventually(lambda: sengu.events("+journal-error"), what="it says so")
    assert sengu.metrics()["sengu_journal_ok"] == 0
    never(sengu.routed, 2, "an epoch that is not on disk", every=0.05)
    assert "JOURNAL NOT WRITABLE" in sengu.run("status", "g").stdout
    assert [node.role() for node in group.nodes] == ["master", "slave", "slave"]
    disk.free()
    sengu.wait_routed(group.nodes[0].name)
    assert sengu.metrics()["sengu_journal_ok"] == 1


def test_disk_fills_up_later(disk, world):
    """The journal's space was reserved: a failover needs no more."""
    group = group_with_data(world)
    sengu = world.sengu(group, start=False)
    disk.mount(sengu.directory / "state")
    sengu.start()
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    disk.fill()
    group.nodes[0].kill()
    new = group.by_name(sengu.wait_routed(other_than=group.nodes[0].name))
    assert not sengu.events("+journal-error") and len(new.keys()) == KEYS


def test_disk_takes_no_write_any_more(disk, world):
    """As a filesystem that copies on write, when it is full: no promotion until there is space; nobody is cut meanwhile."""
    group = group_with_data(world)
    sengu = world.sengu(group, start=False)
    disk.mount(sengu.directory / "state")
    sengu.start()
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    writers = world.writers(sengu)
    taps = world.tap(*group.nodes[1:])
    eventually(lambda: writers.acked > 300 and all(tap.received for tap in taps), what="writes flow")
    subprocess.run(["fallocate", "--punch-hole", "--length", str(1 << 19), journal(sengu)], check=True)
    disk.fill()
    refused = sengu.run("failover", "g", "--to", group.nodes[1].name)
    assert refused.returncode == 1
    tried = time.monotonic()
    eventually(lambda: writers.since(tried + 0.2), what="the master lives: clients notice nothing for long")
    group.nodes[0].kill()
    eventually(lambda: sengu.state()["last_reason"] == "journal_unwritable", what="the reason")
    never(lambda: sengu.routed() or group.masters(), 2.5, "a promotion", every=0.05)
    assert sengu.metrics()["sengu_journal_ok"] == 0
    assert "JOURNAL NOT WRITABLE" in sengu.run("status", "g").stdout
    disk.free()
    new = group.by_name(sengu.wait_routed(other_than=group.nodes[0].name))
    moved = time.monotonic()
    eventually(lambda: writers.since(moved), 20, "writers go on")
    writers.stop()
    accounts = account(writers.keys, new, taps)
    assert not accounts.keepable, str(accounts)
