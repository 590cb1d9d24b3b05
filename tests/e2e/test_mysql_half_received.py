"""The master dies in the middle of sending a big transaction: every relay log ends inside it.

MySQL's STOP REPLICA waits a minute for the rest of such a transaction. Neither the promotion nor the repointing does.
"""

import contextlib
import subprocess
import threading
import time

from sengu_e2e import eventually, nothing_lost
from sengu_e2e.sql import SqlError

ROW = "half" * 2000
ROWS = 64 * 64
INSERT = ("INSERT INTO big WITH RECURSIVE d AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM d WHERE n < 63) "
          "SELECT a.n * 64 + b.n, REPEAT('half', 2000) FROM d AS a JOIN d AS b")
AT_ONCE = 10.0   # seconds: far from that minute, on a busy machine too


def unread(server):
    """Bytes that the kernel still has to bring, for each connection to the server."""
    lines = subprocess.run(["ss", "-Htn", "state", "established", "src", server.name], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [int(line.split()[1]) for line in lines]   # Recv-Q, Send-Q, ...


def half_received(replica):
    relay_log = b"".join(path.read_bytes() for path in replica.data.glob("relay.0*"))
    return ROW.encode() in relay_log and len(relay_log) < ROWS * len(ROW)


def quietly_commit(client):
    with contextlib.suppress(SqlError, OSError):
        client.query("COMMIT")


def die_sending_a_transaction(master, replicas):
    """The replicas stand still meanwhile: they get what fits into the sockets, far from the 32 MB that the rows are."""
    with master.connect("app", timeout=60) as client, master.connect() as locker:
        client.query("BEGIN")
        client.query(INSERT)
        locker.query("LOCK TABLES test.w READ")   # it is the next to be acknowledged: the writers wait here
        for replica in replicas:
            replica.pause()
        commit = threading.Thread(target=quietly_commit, args=(client,))
        commit.start()
        eventually(lambda: sum(size > len(ROW) for size in unread(master)) == len(replicas), 30, "it is being sent")
        master.kill()
        commit.join(20)
    for replica in replicas:
        replica.resume()
    for replica in replicas:
        eventually(lambda r=replica: half_received(r), 20, f"the relay log of {replica.name} ends inside it")


def test_a_promotion_waits_for_no_rest(world, flavour):
    group, sengu, old = world.ready_mysql(flavour)
    old.run("CREATE TABLE test.big (n INT PRIMARY KEY, half VARBINARY(8000) NOT NULL)")
    group.wait_synced(old)
    writers = world.writers(sengu)
    writers.wait_acked(200)
    assert sengu.run("pause", "g").returncode == 0   # until the relay logs have been looked at
    die_sending_a_transaction(old, group.replicas(old))

    resumed = time.monotonic()
    assert sengu.run("resume", "g").returncode == 0
    new = group.by_name(sengu.wait_routed(other_than=old.name, within=AT_ONCE))
    print(f"{flavour}: promoted {time.monotonic() - resumed:.2f} s after sengu might")
    writers.wait_going_on()
    (other,) = group.replicas(new)
    eventually(lambda: other.follows(new), AT_ONCE, "the other replica follows, and its applier runs")
    writers.stop()
    nothing_lost(writers, new)
    other.wait_same_rows(new)
    assert [node.ask("SELECT COUNT(*) FROM test.big") for node in (new, other)] == [0, 0]
