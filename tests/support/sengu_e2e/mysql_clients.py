"""MySQL clients that keep accounts: writers over PyMySQL and over libmysqlclient; and the programs people use, sysbench too.

All of them are the user app on the database test, by TCP.
"""

import fcntl
import os
import re
import signal
import subprocess
import time

from . import sql
from .clients import Writer, Writers
from .mysql_flavour import FLAVOURS, ROOT
from .process import spawn
from .sql import SqlError

DUPLICATE_KEY = 1062


class MySqlWriter(Writer):
    """INSERTs (name, n) into test.w, n growing by one with each acknowledgement; the same row again until it is.

    `refusals` holds SqlErrors. `found`: rows that were there when they were tried again, executed without an acknowledgement;
    they count neither as acknowledged nor as lost.
    """

    def __init__(self, host, name, port=3306, pace=0.005, timeout=15.0, tls=None):
        super().__init__(host, name, port, pace, timeout, tls)
        self.found, self.tried = [], False

    def open(self):
        host, port = self.address()
        self.connection = sql.Connection(host, port, timeout=self.timeout, tls=self.tls)
        self.connection.open()

    def write(self):
        number, asked = len(self.acks) + len(self.found), time.monotonic()
        again, self.tried = self.tried, True
        try:
            self.connection.query("INSERT INTO w (writer, n) VALUES (%s, %s)", self.name, number)
            self.acknowledged(asked, number)
        except SqlError as refusal:
            if refusal.number != DUPLICATE_KEY:
                raise
            assert again, f"{self.name}:{number} was there before it was tried: each writer's name may be used once"
            self.found.append((time.monotonic(), number))
        self.tried = False

    def interrupt(self):
        connection = self.connection
        if connection is not None:
            connection.interrupt()

    @property
    def found_keys(self):
        return {f"{self.name}:{number}" for _, number in self.found}


class LibraryWriter(MySqlWriter):
    """As MySqlWriter, a process of its own on libmysqlclient (tests/support/mysql_writer.c).

    mode: "text" or "prepared" (the server prepares the statement); tls: "off", "require", or an Authority to verify with.
    """

    def __init__(self, host, name, port=3306, mode="text", tls="off"):
        super().__init__(host, name, port)
        words = [tls] if isinstance(tls, str) else ["verify", tls.ca_file]
        self._command = [writer_program(), host, port, name, mode, *words]
        self._program = None

    def start(self):
        command = ["setpriv", "--pdeathsig", "KILL", *map(str, self._command)]
        self._program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                         start_new_session=True)
        return super().start()

    def turn(self):
        for line in self._program.stdout:
            outcome, when, number, *text = line.split(maxsplit=3)
            self._note(outcome, float(when), int(number), text[0].strip() if text else "")
        self._program.stdout.close()
        status = self._program.wait()
        assert status in (0, -signal.SIGKILL), f"{self.name}: mysql_writer ended with {status} (3: the row was there before)"
        self._stop.set()

    def _note(self, outcome, when, number, text):
        {"ack": lambda: self.acks.append((when, number)),
         "found": lambda: self.found.append((when, number)),
         "refused": lambda: self.refusals.append((when, SqlError(number, text))),
         "error": lambda: self.errors.append((when, ConnectionError(f"{number}: {text}")))}[outcome]()

    def stop(self, within=20.0):
        self._program.terminate()
        try:
            self._program.wait(within)
        except subprocess.TimeoutExpired:   # it waits for a server that says nothing: what it knows it has said
            self._program.kill()
        return super().stop(within)

    def interrupt(self):
        """Nothing: what ends the program ends the thread that reads it."""

    def abandon(self):
        self._stop.set()
        if self._program:
            self._program.kill()


class MySqlWriters(Writers):
    kind = MySqlWriter

    @property
    def found(self):
        return set().union(*(writer.found_keys for writer in self.all))

    def refusals(self):
        """The numbers of the server's errors."""
        return [refusal.number for writer in self.all for _, refusal in writer.refusals]


class LibraryWriters(MySqlWriters):
    kind = LibraryWriter

    def stop(self):
        for writer in self.all:
            writer._program.terminate()
        return super().stop()


def writer_program():
    return _compiled("mysql_writer.c", "mysql_writer")


def _compiled(source, program, *options):
    """Of tests/support, on libmysqlclient: compiled when its source is newer."""
    source, program = ROOT / "tests/support" / source, ROOT / "build/support" / program
    program.parent.mkdir(parents=True, exist_ok=True)
    with open(program.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            library = subprocess.run(["mysql_config", "--include", "--libs"], capture_output=True, text=True, check=True)
            subprocess.run(["cc", "-O1", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *options, "-o", program,
                            source, *library.stdout.split()], check=True)
    return program


def cli_command(flavour, host, statement, *options, port=3306):
    """(command, environment) of the flavour's own command-line client, one statement; columns by tabs.

    MariaDB's speaks to both, that of MySQL 9 only to MySQL: it has no mysql_native_password any more.
    """
    command = [FLAVOURS[flavour].client(), "--no-defaults", f"--host={host}", f"--port={port}", "--protocol=TCP",
               "--user=app", "--batch", "--skip-column-names", *options, f"--execute={statement}", "test"]
    return command, {**os.environ, "MYSQL_PWD": "app"}   # as an option mysql warns of it


def cli(flavour, host, statement, *options, port=3306, timeout=30):
    """The CompletedProcess of cli_command(), with text output."""
    command, environment = cli_command(flavour, host, statement, *options, port=port)
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False,
                          env=environment)


class Sysbench:
    """oltp_read_write on `tables` of the database test: prepare(), then start() and wait().

    Every error is ignored, so that it goes on through a failover. `options`: more of sysbench's own.
    """

    tables = ("test.sbtest1", "test.sbtest2")

    def __init__(self, host, directory, port=3306, threads=4, seconds=5, options=()):
        self.log, self.seconds, self._process = directory / "sysbench.log", seconds, None
        reconnects = _compiled("sysbench_reconnect.c", "sysbench_reconnect.so", "-shared", "-fPIC")
        self._command = ["env", f"LD_PRELOAD={reconnects}", "sysbench", "oltp_read_write", "--db-driver=mysql", f"--mysql-host={host}",
                         f"--mysql-port={port}", "--mysql-user=app", "--mysql-password=app", "--mysql-db=test",
                         f"--tables={len(self.tables)}", "--table-size=1000", f"--threads={threads}", f"--time={seconds}",
                         "--report-interval=1", "--mysql-ignore-errors=all", *options]

    def prepare(self, timeout=60):
        done = subprocess.run([*self._command, "prepare"], capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"sysbench prepare: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return self

    def start(self):
        self._process = spawn([*self._command, "run"], self.log)
        return self

    def wait(self, beyond=30):
        """{"transactions": ..., "ignored errors": ..., "reconnects": ...} of the whole run, which ends by itself."""
        status = self._process.wait(self.seconds + beyond)
        text = self.log.read_text(errors="replace")
        assert status == 0, f"sysbench ended with {status}:\n{text[-2000:]}"
        return {what: int(number) for what, number in re.findall(r"^ +(transactions|ignored errors|reconnects): +(\d+)",
                                                                 text, re.MULTILINE)}

    def abandon(self):
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
