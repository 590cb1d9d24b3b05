"""A replica that applies late, as it is told to (SOURCE_DELAY, MASTER_DELAY): people keep one as yesterday's data (RULES §5.5)."""

from sengu_e2e import eventually, never
from sengu_e2e.mysql_server import FOREVER

DELAY = 3600
ROWS = 20


def delay(replica, seconds=DELAY):
    if replica.flavour.name == "mysql":
        replica.run("STOP REPLICA SQL_THREAD", f"CHANGE REPLICATION SOURCE TO SOURCE_DELAY={seconds}", "START REPLICA SQL_THREAD")
    else:
        replica.run("STOP SLAVE", f"CHANGE MASTER TO MASTER_DELAY={seconds}", "START SLAVE")


def delayed_by(replica):
    return replica.query(replica.flavour.statements["status"])[0]["SQL_Delay"]


def acknowledging(master, count):
    eventually(lambda: master.semi_sync_clients() == count, 20, f"{count} replicas acknowledge")


def insert(master, first, count):
    """Each is acknowledged by a replica before this returns."""
    with master.connect() as client:
        for number in range(first, first + count):
            client.query("INSERT INTO test.w VALUES ('delayed', %s)", number)


def rows(node):
    return node.ask("SELECT COUNT(*) FROM test.w")


def takes_writes(node, others):
    """Commits are acknowledged, and those that follow have what it has."""
    with node.connect(timeout=15) as client:
        client.query("INSERT INTO test.w VALUES ('afterwards', 1)")
    for other in others:
        eventually(lambda r=other: r.follows(node), 20, f"{other.name} follows")


def group_with_one_more_on_the_delayed(world, flavour, **options):
    """(group, sengu): all have ROWS rows but for the delay; one more row is acknowledged by the delayed replica alone."""
    group = world.mysql(flavour, semi_sync=FOREVER)
    master, delayed, prompt = group.nodes
    delay(delayed)
    acknowledging(master, 2)
    nodes = options.pop("nodes", None)
    sengu = world.sengu(group, node_tables=nodes and nodes(group), **options)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"] == prompt.name, what="the other is the candidate")
    insert(master, 0, ROWS)
    eventually(lambda: rows(prompt) == ROWS, what="the other applies")
    prompt.stop_receiving()
    acknowledging(master, 1)
    insert(master, ROWS, 1)
    assert rows(delayed) == 0 and rows(prompt) == ROWS
    return group, sengu


def test_of_equals_the_one_that_is_not_delayed_is_chosen(world, flavour):
    group = world.mysql(flavour, semi_sync=FOREVER)
    master, delayed, prompt = group.nodes
    delay(delayed)
    acknowledging(master, 2)
    sengu = world.sengu(group)
    eventually(lambda: sengu.rejected().get(delayed.name) == "delayed", what="it is passed over")
    insert(master, 0, ROWS)
    eventually(lambda: rows(prompt) == ROWS, what="the other applies")
    master.kill()
    assert sengu.wait_routed(other_than=master.name) == prompt.name
    assert rows(prompt) == ROWS
    takes_writes(prompt, [delayed])
    assert delayed_by(delayed) == DELAY and rows(delayed) == 0   # it is what it was


def test_where_it_alone_holds_a_transaction_mysql_lifts_its_delay(world):
    group, sengu = group_with_one_more_on_the_delayed(world, "mysql")
    master, delayed, prompt = group.nodes
    master.kill()
    assert sengu.wait_routed(other_than=master.name, within=20) == delayed.name
    assert rows(delayed) == ROWS + 1
    assert "transactions=" in (text := sengu.events("+applying")[0]["text"]) and f"delay={DELAY}s" in text
    takes_writes(delayed, [prompt])
    prompt.wait_same_rows(delayed)


def test_where_it_alone_holds_a_transaction_mariadb_waits_and_says_what_another_costs(world):
    group, sengu = group_with_one_more_on_the_delayed(world, "mariadb")
    master, delayed, prompt = group.nodes
    master.kill()
    eventually(lambda: sengu.events("+failover-refused", text="delayed"), 20, "it is said")
    status = eventually(lambda: (said := sengu.run("status").stdout) and "s at most" in said and said, what="until when")
    assert f"{delayed.name} is to be the master, and has yet to apply {ROWS + 1} transactions" in status, status
    assert f"delayed by {DELAY} s (MASTER_DELAY)" in status
    assert f"--accept-loss promotes {prompt.name}, and 1 transaction that it has not applied is lost" in status
    for order in ((), ("--to", delayed.name), ("--to", prompt.name)):
        refused = sengu.run("failover", "g", *order)
        assert refused.returncode == 1 and "1 transaction that it has not applied" in refused.stdout + refused.stderr, refused
    never(lambda: sengu.routed(), 0.5, "routed")
    taken = sengu.run("failover", "g", "--to", prompt.name, "--accept-loss")
    assert taken.returncode == 0 and f"{prompt.name} is promoted; 1 transaction" in taken.stdout, taken
    assert sengu.wait_routed(other_than=master.name) == prompt.name
    assert rows(prompt) == ROWS
    takes_writes(prompt, [delayed])   # without what was given up


def test_accept_loss_takes_the_one_that_has_applied_most(world):
    group, sengu = group_with_one_more_on_the_delayed(world, "mariadb")
    master, delayed, prompt = group.nodes
    master.kill()
    eventually(lambda: sengu.events("+failover-refused", text="delayed"), 20, "it is said")
    taken = sengu.run("failover", "g", "--accept-loss")   # not the one that it waits for
    assert taken.returncode == 0 and f"{prompt.name} is promoted" in taken.stdout, taken
    assert sengu.wait_routed(other_than=master.name) == prompt.name


def test_priority_0_is_never_promoted(world, flavour):
    def nodes(group):
        return [{"name": node.name, "address": node.name, "priority": 0 if node is group.nodes[1] else 100} for node in group.nodes]

    group, sengu = group_with_one_more_on_the_delayed(world, flavour, nodes=nodes)
    master, delayed, prompt = group.nodes
    master.kill()
    assert sengu.wait_routed(other_than=master.name) == prompt.name
    assert rows(prompt) == ROWS and delayed_by(delayed) == DELAY


def test_it_is_a_finding_before(world, flavour):
    group = world.mysql(flavour, semi_sync=FOREVER)
    delayed = group.nodes[1]
    delay(delayed)
    sengu = world.sengu(group, readers=True, health={"down_after": "3s"})
    code, said, _ = sengu.check_live()
    assert code == 1, said
    for finding in ("acknowledges what it receives", "takes readers of read_listen"):
        wanted = f"{delayed.name}: is delayed by {DELAY} s, and {finding}"
        assert wanted in said, said
        eventually(lambda w=wanted: w in sengu.run("status").stdout, what="status shows it")
    delayed.run(f"SET GLOBAL {delayed.flavour.semi_sync_replica}_enabled=OFF", delayed.flavour.statements["stop_io"],
                delayed.flavour.statements["start_io"])
    eventually(lambda: "acknowledge" not in sengu.run("status").stdout, what="that it does not acknowledge is no finding")


def test_a_promotion_by_command_lifts_it_too(world):
    """Of a living master, which is fenced first."""
    group = world.mysql("mysql", semi_sync=FOREVER)
    master, delayed, _ = group.nodes
    delay(delayed)
    acknowledging(master, 2)
    sengu = world.sengu(group)
    eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
    insert(master, 0, ROWS)
    done = sengu.run("failover", "g", "--to", delayed.name)
    assert done.returncode == 0, done
    assert sengu.wait_routed(name=delayed.name) and rows(delayed) == ROWS
