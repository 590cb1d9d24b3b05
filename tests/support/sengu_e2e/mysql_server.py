"""Real MySQL and MariaDB servers on loopback addresses of their own, and a group of them wired as master and replicas.

The two flavours behind one interface: what differs is in mysql_flavour.py.
"""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import mysql_data, sql
from .mysql_flavour import FLAVOURS
from .process import Process
from .server_group import ServerGroup
from .sql import SqlError
from .tls import Authority
from .wait import eventually

FOREVER = 3600   # seconds of `semi_sync`: its master goes on without acknowledgement in no test
NO_SOURCE = 1200   # both flavours: START of a server that is no replica


@dataclass
class ReplicaStatus:
    """What a replica says of its replication, by one set of names."""
    host: str
    port: int
    io: str                    # Yes, Connecting, No; MariaDB also Preparing
    sql: str                   # Yes, No
    io_errno: int
    sql_errno: int
    lag: int | None            # seconds; None = unknown
    received: str              # GTIDs that came over the link since it was set up; MariaDB: where it stands


class MySqlServer(Process):
    """`tls`: "flavour" = as it comes (MySQL has a certificate of its own, MariaDB has no TLS), "off", or an Authority.

    `semi_sync`: seconds that a master waits for its acknowledgement before it goes on without; None = asynchronous.
    """

    ends_within = 30.0

    def __init__(self, address, directory, flavour, port=3306, server_id=None, semi_sync=None, tls="flavour", vips=(),
                 options=()):
        self.address, self.port, self.flavour = address, port, FLAVOURS[flavour]
        self.directory = Path(directory)
        self.server_id = server_id or int(address.split(".")[-1])
        self.semi_sync, self.tls = semi_sync, tls
        self.scratch = None
        self._names = [address, *vips]
        self._more_options = options

    @property
    def name(self):
        return f"{self.address}:{self.port}"

    @property
    def has_tls(self):
        """1 or 0."""
        return {"flavour": self.flavour.tls, "off": 0}.get(self.tls, 1)

    @property
    def data(self):
        return self.scratch / "data"

    @property
    def log(self):
        return self.directory / f"{self.flavour.name}.log"

    # -- the process

    def start(self, empty=False, wait=True):
        """On its data as they are; `empty`: on new ones, a host that came back with a new disk.

        Comes up read-only, and as a replica if it was one.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.scratch is None:
            self.scratch = mysql_data.new_scratch()
        if empty:
            shutil.rmtree(self.data, ignore_errors=True)
        if not self.data.exists():
            mysql_data.copy_template(self.flavour, self.data)
        program = self.flavour.server()
        self.launch([program, *self._options()], mysql_data.privileges(program), cwd="/")
        if wait:
            self.wait_ready()
        return self

    def _options(self):
        options = [*self.flavour.options, f"--bind-address={self.address}", f"--port={self.port}",
                   f"--server-id={self.server_id}", f"--report-host={self.address}", f"--report-port={self.port}",
                   f"--datadir={self.data}", f"--socket={self._socket}"]
        if self.semi_sync is not None:
            options += self.flavour.semi_sync_options(self.semi_sync)
        if self.tls == "off":
            options += self.flavour.without_tls
        elif self.tls != "flavour":
            options += self._tls_options()
        return [*options, *self._more_options]

    def _tls_options(self):
        files = {"ca": self.tls.ca_file}
        files["cert"], files["key"] = self.tls.issue(f"server{self.server_id}", *self._names)
        options = []
        for what, file in files.items():   # to where the server's user can read them
            copy = self.scratch / f"{what}.pem"
            shutil.copy(file, copy)
            shutil.chown(copy, self.scratch.owner())
            options.append(f"--ssl-{what}={copy}")
        return options

    @property
    def _socket(self):
        return self.scratch / "sock"

    def wait_ready(self, within=30.0):
        def answers():
            self.must_run()
            return self.query("DO 1") == []
        eventually(answers, within, f"{self.flavour.name} {self.name} answers")

    def remove(self):
        """Kills it and removes its data; the log stays."""
        self.kill()
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch = None

    # -- asking

    def connect(self, user="root", timeout=5.0, tls=None):
        """To be opened. Root comes through the socket, the others (password = name) to the server's address."""
        if user == "root":
            return sql.Connection(user=user, unix_socket=str(self._socket), database=None, timeout=timeout)
        return sql.Connection(self.address, self.port, user, database="test" if user == "app" else None, timeout=timeout,
                              tls=tls)

    def query(self, statement, *values, timeout=5.0):
        with self.connect(timeout=timeout) as connection:
            return connection.query(statement, *values)

    def ask(self, statement, *values, timeout=5.0):
        """The only value of the only row."""
        with self.connect(timeout=timeout) as connection:
            return connection.value(statement, *values)

    def run(self, *statements, timeout=30.0):
        """One after the other on one connection."""
        with self.connect(timeout=timeout) as connection:
            for statement in statements:
                connection.query(statement)

    def variable(self, name):
        return self.ask(f"SELECT @@GLOBAL.{name}")

    def status(self, name):
        """One of SHOW GLOBAL STATUS, as text."""
        return self.query("SHOW GLOBAL STATUS LIKE %s", name)[0]["Value"]

    def release(self):
        """("mysql", "9.7.4") or ("mariadb", "10.11.19"), as the server says of itself."""
        version = self.variable("version")
        return "mariadb" if "MariaDB" in version else "mysql", version.split("-")[0]

    def replica_status(self):
        """None if it was not told to follow anybody."""
        rows = self.query(self.flavour.statements["status"])
        if not rows:
            return None
        status = ReplicaStatus(**{field: rows[0][column] for field, column in self.flavour.columns.items()})
        status.received = status.received.replace("\n", "")
        return status

    def role(self):
        return "master" if self.replica_status() is None else "replica"

    def writable(self):
        return self.variable("read_only") == 0

    def follows(self, master):
        seen = self.replica_status()
        return seen is not None and (seen.host, seen.port, seen.io, seen.sql) == (master.address, master.port, "Yes", "Yes")

    def gtids(self):
        """What it has executed (and written to its binary log): a GTID set; on MariaDB the position, D-S-N."""
        return self.variable(self.flavour.executed).replace("\n", "")

    def received(self):
        """What it has executed or has still to execute."""
        seen = self.replica_status()
        return self.ask(self.flavour.union, seen.received if seen else "", self.gtids()).replace("\n", "")

    def wait_for(self, gtids, within=20.0):
        """Until it has executed these."""
        begun = self.ask(self.flavour.wait, gtids, within, timeout=within + 5)
        assert begun == 0, f"{self.name} has not executed {gtids} within {within:g} s: {self.gtids()}"

    def heartbeats(self):
        """Those that a replica received."""
        return self.ask(self.flavour.heartbeats)

    def heartbeat_period(self):
        """Seconds between two that a replica asked its source for."""
        return float(self.ask(self.flavour.heartbeat_period))

    def semi_sync_clients(self):
        """Replicas whose acknowledgement it waits for."""
        return int(self.status(f"{self.flavour.semi_sync}_clients"))

    def keys(self):
        """Every row of test.w, as Writer names them."""
        return {f"{row['writer']}:{row['n']}" for row in self.query("SELECT writer, n FROM test.w", timeout=60)}

    def wait_same_rows(self, master, within=20.0):
        """Until test.w is the master's: a writer that was interrupted may leave an INSERT there that is yet to be committed."""
        eventually(lambda: self.keys() == master.keys(), within, f"{self.name} has the rows of {master.name}")

    # -- telling, as an operator

    def become_master(self):
        """Writable, and with semi-sync waiting for its replicas from now on. Waits for no relay log."""
        flavour = self.flavour
        self.run(*([flavour.statements["stop"], flavour.statements["reset"]] if self.replica_status() else []),
                 *([f"SET GLOBAL {flavour.semi_sync}_enabled=ON"] if self.semi_sync is not None else []),
                 "SET GLOBAL read_only=OFF")

    def become_replica_of(self, master):
        flavour = self.flavour
        self.run(*([flavour.statements["stop"]] if self.replica_status() else [f"SET GLOBAL {flavour.read_only}=ON"]),
                 *([f"SET GLOBAL {flavour.semi_sync}_enabled=OFF"] if self.semi_sync is not None else []),
                 flavour.change_source(master.address, master.port, master.has_tls), flavour.statements["start"])

    def stop_receiving(self):
        """The link is cut, what came is still applied. (SIGSTOP is no cut: its kernel goes on receiving.)"""
        self.run(self.flavour.statements["stop_io"])

    def start_receiving(self):
        self.run(self.flavour.statements["start_io"])

    def stop_applying(self):
        """It receives, and applies no more. On MariaDB starting it again drops the relay log."""
        self.run(self.flavour.statements["stop_sql"])

    def break_applying(self, master):
        """It ends with an applier error (1062): the master writes a row that only this replica had already."""
        self._quietly("INSERT INTO test.w VALUES ('applier-error', 0)")
        master.run("INSERT INTO test.w VALUES ('applier-error', 0)")
        eventually(lambda: self.replica_status().sql_errno, 20, f"an applier error on {self.name}")

    # -- alive, and of no use: within each of these blocks every new client gets that error

    @contextlib.contextmanager
    def full(self):
        """1040 for everyone but one with CONNECTION_ADMIN at a time."""
        with self._room_for_ten(), contextlib.ExitStack() as taken:
            refused_in_a_row = 0   # the place of one who has just gone is free a little later

            def full():
                nonlocal refused_in_a_row
                try:
                    taken.enter_context(self.connect("app"))
                    refused_in_a_row = 0
                except SqlError as refusal:
                    assert refusal.number == 1040, refusal
                    refused_in_a_row += 1
                return refused_in_a_row == 5
            eventually(full, 20, f"{self.name} is full")
            yield

    @contextlib.contextmanager
    def over_full(self):
        """1040 for everyone, since the place for one with CONNECTION_ADMIN is taken too; sengu is thrown out."""
        with contextlib.ExitStack() as taken:
            for _ in range(14):
                taken.enter_context(self.connect("app"))
            _throw_out(taken.enter_context(self._room_for_ten()), "monitor")
            yield

    @contextlib.contextmanager
    def _room_for_ten(self):
        """Of whom the connection that it yields is one. Who is there already stays."""
        with self.connect() as operator:
            allowed = operator.value("SELECT @@GLOBAL.max_connections")
            operator.query("SET GLOBAL max_connections=10")
            try:
                yield operator
            finally:
                operator.query("SET GLOBAL max_connections=%s", allowed)

    @contextlib.contextmanager
    def password_changed(self, user="monitor", password="changed"):
        """1045 for that user, who is thrown out."""
        self._quietly(f"ALTER USER {user}@'%' IDENTIFIED BY '{password}'")
        with self.connect() as operator:
            _throw_out(operator, user)
        yield
        self._quietly(f"ALTER USER {user}@'%' IDENTIFIED BY '{user}'")

    def _quietly(self, statement):
        """On this server alone, also if it is a replica, and without a GTID."""
        was = "ON" if self.variable("read_only") else "OFF"
        self.run("SET sql_log_bin=0", "SET GLOBAL read_only=OFF", statement, f"SET GLOBAL {self.flavour.read_only}={was}")

    def refuses(self, number, user="app"):
        try:
            with self.connect(user):
                return False
        except SqlError as refusal:
            return refusal.number == number


def _throw_out(operator, user):
    for row in operator.query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER=%s", user):
        with contextlib.suppress(SqlError):   # it has just ended by itself
            operator.query("KILL %s", row["ID"])


class MySqlGroup(ServerGroup):
    """tls="verify": certificates of an authority of the group's own (`authority`), for the nodes and for the VIPs .10 and .9.
    """

    kind = "mysql"

    def __init__(self, block, directory, flavour, count=3, first_host=11, tls="flavour", **options):
        directory = Path(directory)
        self.authority = Authority(directory / "tls") if tls == "verify" else None
        vips = [f"{block}.10", f"{block}.9"]
        self.nodes = [MySqlServer(f"{block}.{first_host + i}", directory / f"{flavour}{i + 1}", flavour,
                                  tls=self.authority or tls, vips=vips, **options) for i in range(count)]

    def start(self):
        master, *replicas = self.nodes
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            node.wait_ready()
        for replica in replicas:
            replica.become_replica_of(master)
        self.wait_replicating(master, 30)
        if master.semi_sync is not None:
            eventually(lambda: master.semi_sync_clients() == len(replicas), 20, "semi-sync replicas")
        master.become_master()
        self.wait_synced(master)
        return self

    def wait_synced(self, master, within=30.0):
        """Every live replica has executed a transaction of now."""
        self.wait_replicating(master, within)
        master.run("CREATE DATABASE IF NOT EXISTS test")    # changes nothing, and has a GTID
        gtids = master.gtids()
        for replica in self.replicas(master):
            replica.wait_for(gtids, within)

    @contextlib.contextmanager
    def cut_off(self, master):
        """No replica receives from it. Those that are replicas still do so afterwards."""
        replicas = self.replicas(master)
        for replica in replicas:
            replica.stop_receiving()
        yield
        for replica in replicas:
            try:
                replica.start_receiving()
            except SqlError as refusal:
                assert refusal.number == NO_SOURCE, refusal   # sengu was faster, and has promoted it

    def masters(self):
        """Who may be written to and follows nobody."""
        return [node for node in self.nodes if node.alive and node.role() == "master" and node.writable()]

    def checksums(self, *tables):
        """{node's name: the CHECKSUM TABLE of each}"""
        return {node.name: [node.query(f"CHECKSUM TABLE {table}")[0]["Checksum"] for table in tables]
                for node in self.nodes if node.alive}

    def stop(self):
        super().stop()
        for node in self.nodes:
            node.remove()
