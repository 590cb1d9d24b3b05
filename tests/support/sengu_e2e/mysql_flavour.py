"""What differs between MySQL and MariaDB: programs, options, users, statements, names of columns. Starts nothing, asks nothing.

Each name means the same on both; who uses one need not know which it is.
"""

import functools
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# Small, and not safe against a power cut: a kill -9 of the process loses nothing that the kernel was given.
COMMON = ["--no-defaults", "--skip-name-resolve", "--max-connections=200", "--innodb-buffer-pool-size=8M",
          "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=OFF", "--performance-schema=OFF",
          "--log-bin=bin", "--sync-binlog=0", "--relay-log=relay",
          "--read-only=ON"]   # whoever is master was made so: nobody writes to a server that merely started

INITIALISE = ["--innodb-doublewrite=OFF", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]

DATABASE = ["CREATE DATABASE test", "GRANT ALL ON test.* TO app@'%'",
            "CREATE TABLE test.w (writer VARCHAR(32) NOT NULL, n INT UNSIGNED NOT NULL, PRIMARY KEY (writer, n))"]


class Flavour:
    """`statements`: start, stop, stop_io, start_io, stop_sql, reset. `columns`: see ReplicaStatus in mysql_server.py."""

    def version(self):
        """("9.7.4", the whole line) as the program says."""
        line = _says(self.server(), "--no-defaults", "--version")
        return line.split(" Ver ")[1].split("-")[0], line

    def users(self):
        users = [f"CREATE USER {name}@'%' IDENTIFIED {self.identified} '{name}'" for name in ("repl", "monitor", "app")]
        return [*users, "GRANT REPLICATION SLAVE ON *.* TO repl@'%'", *self.monitor_grants, *DATABASE]


class MySql(Flavour):
    name = "mysql"
    tls = 1   # as it comes
    identified = "WITH caching_sha2_password BY"
    monitor_grants = [
        "GRANT REPLICATION CLIENT, RELOAD, EVENT ON *.* TO monitor@'%'",
        "GRANT REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN ON *.* TO monitor@'%'",
        "GRANT SELECT ON performance_schema.replication_connection_status TO monitor@'%'",
        "GRANT SELECT ON performance_schema.replication_connection_configuration TO monitor@'%'",
        "GRANT SELECT ON performance_schema.metadata_locks TO monitor@'%'"]
    options = [*COMMON, "--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=8M",
               "--innodb-log-buffer-size=1M", "--innodb-use-native-aio=OFF", "--gtid-mode=ON",
               "--enforce-gtid-consistency=ON", "--log-replica-updates=ON", "--super-read-only=ON",
               "--replica-net-timeout=2"]
    without_tls = ["--tls-version="]
    statements = {"start": "START REPLICA", "stop": "STOP REPLICA", "reset": "RESET REPLICA ALL",
                  "start_io": "START REPLICA IO_THREAD", "stop_io": "STOP REPLICA IO_THREAD",
                  "stop_sql": "STOP REPLICA SQL_THREAD", "status": "SHOW REPLICA STATUS"}
    columns = {"host": "Source_Host", "port": "Source_Port", "io": "Replica_IO_Running", "sql": "Replica_SQL_Running",
               "io_errno": "Last_IO_Errno", "sql_errno": "Last_SQL_Errno", "lag": "Seconds_Behind_Source",
               "received": "Retrieved_Gtid_Set"}
    semi_sync = "rpl_semi_sync_source"    # the master's half; the other one is on from the start
    semi_sync_replica = "rpl_semi_sync_replica"
    executed = "gtid_executed"
    read_only = "super_read_only"         # sets read_only too; both are cleared by read_only=OFF
    heartbeats = "SELECT COUNT_RECEIVED_HEARTBEATS FROM performance_schema.replication_connection_status"
    heartbeat_period = "SELECT HEARTBEAT_INTERVAL FROM performance_schema.replication_connection_configuration"
    wait = "SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)"   # 0 = applied
    union = "SELECT GTID_SUBTRACT(CONCAT_WS(',', NULLIF(%s, ''), NULLIF(%s, '')), '')"   # of what came and what is executed

    def server(self):
        """SENGU_MYSQLD names another program than tests/support/unpack-mysql's."""
        path = Path(os.environ.get("SENGU_MYSQLD", ROOT / "build/servers/mysql9/mysqld"))
        assert path.exists(), f"no MySQL server at {path}: run tests/support/unpack-mysql"
        return path

    def client(self):
        return self.server().parent / "mysql"

    def initialise(self, data, users):
        return [self.server(), "--no-defaults", "--initialize-insecure", f"--datadir={data}", f"--init-file={users}",
                "--skip-log-bin", *INITIALISE, "--innodb-buffer-pool-size=16M", "--innodb-redo-log-capacity=8M",
                "--performance-schema=OFF", "--mysqlx=OFF", "--innodb-use-native-aio=OFF"]

    def forget_identity(self, data):
        (data / "auto.cnf").unlink()   # the server's UUID: every copy must make its own

    def semi_sync_options(self, timeout):
        return ["--plugin-load-add=semisync_source.so", "--plugin-load-add=semisync_replica.so",
                "--rpl-semi-sync-replica-enabled=ON", f"--rpl-semi-sync-source-timeout={int(timeout * 1000)}"]

    def change_source(self, host, port, tls):
        # SOURCE_SSL is 1 where nothing is said: from a source without TLS such a replica gets nothing (2026).
        return (f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='{host}', SOURCE_PORT={port}, SOURCE_USER='repl', "
                "SOURCE_PASSWORD='repl', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1, "
                f"SOURCE_SSL={tls}, SOURCE_RETRY_COUNT=86400, SOURCE_HEARTBEAT_PERIOD=0.5")


class MariaDb(Flavour):
    name = "mariadb"
    tls = 0
    identified = "BY"
    monitor_grants = ["GRANT SLAVE MONITOR, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, READ_ONLY ADMIN, RELOAD, "
                      "CONNECTION ADMIN, EVENT ON *.* TO monitor@'%'"]
    options = [*COMMON, "--innodb-log-file-size=4M", "--aria-pagecache-buffer-size=1M", "--key-buffer-size=1M", "--binlog-format=ROW",
               "--gtid-strict-mode=ON", "--log-slave-updates=ON", "--slave-net-timeout=2"]
    without_tls = []
    statements = {"start": "START SLAVE", "stop": "STOP SLAVE", "reset": "RESET SLAVE ALL",
                  "start_io": "START SLAVE IO_THREAD", "stop_io": "STOP SLAVE IO_THREAD",
                  "stop_sql": "STOP SLAVE SQL_THREAD", "status": "SHOW ALL SLAVES STATUS"}
    columns = {"host": "Master_Host", "port": "Master_Port", "io": "Slave_IO_Running", "sql": "Slave_SQL_Running",
               "io_errno": "Last_IO_Errno", "sql_errno": "Last_SQL_Errno", "lag": "Seconds_Behind_Master",
               "received": "Gtid_IO_Pos"}
    semi_sync = "rpl_semi_sync_master"
    semi_sync_replica = "rpl_semi_sync_slave"
    executed = "gtid_binlog_pos"
    read_only = "read_only"
    heartbeats = "SELECT VARIABLE_VALUE + 0 FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Slave_received_heartbeats'"
    heartbeat_period = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Slave_heartbeat_period'"
    wait = "SELECT MASTER_GTID_WAIT(%s, %s)"
    union = "SELECT COALESCE(NULLIF(%s, ''), %s)"   # a position holds all that came before it

    def server(self):
        for path in (shutil.which("mariadbd"), "/usr/sbin/mariadbd"):
            if path and os.access(path, os.X_OK):
                return Path(path)
        raise AssertionError("no mariadbd: deploy/install-deps test")

    def client(self):
        return Path(shutil.which("mariadb") or "mariadb")

    def initialise(self, data, users):
        # --force: also where no name can be looked up, not even localhost
        return ["mariadb-install-db", "--no-defaults", "--force", f"--datadir={data}", "--auth-root-authentication-method=normal",
                "--skip-test-db", f"--extra-file={users}", *INITIALISE, "--innodb-buffer-pool-size=8M",
                "--innodb-log-file-size=4M"]

    def users(self):
        return ["FLUSH PRIVILEGES", *super().users()]   # it reads them with the grant tables off

    def forget_identity(self, data):
        pass

    def semi_sync_options(self, timeout):
        # AFTER_COMMIT, the default, acknowledges what others have already read. init-rpl-role: a master that was killed
        # cuts off at its next start what no replica has acknowledged.
        return ["--rpl-semi-sync-slave-enabled=ON", f"--rpl-semi-sync-master-timeout={int(timeout * 1000)}",
                "--rpl-semi-sync-master-wait-point=AFTER_SYNC", "--rpl-semi-sync-slave-kill-conn-timeout=1", "--init-rpl-role=SLAVE"]

    def change_source(self, host, port, tls):
        # MASTER_DEMOTE_TO_SLAVE: one that was master goes on from its own binary log, any other has nothing there.
        return (f"CHANGE MASTER TO MASTER_HOST='{host}', MASTER_PORT={port}, MASTER_USER='repl', MASTER_PASSWORD='repl', "
                f"MASTER_SSL={tls}, MASTER_USE_GTID=slave_pos, MASTER_DEMOTE_TO_SLAVE=1, MASTER_CONNECT_RETRY=1, "
                "MASTER_HEARTBEAT_PERIOD=0.5")


FLAVOURS = {"mysql": MySql(), "mariadb": MariaDb()}


@functools.cache
def _says(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout.strip()
