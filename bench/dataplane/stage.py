"""The stage: one real server of each kind that a scenario needs, and on it one contestant after the other."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from sengu_e2e import RedisServer, ReplyError

from . import network
from .cpu import Meter
from .record import Record

ATTEMPTS = 3           # at a record that nobody disturbed

# Of a contestant, a server, a client, a rule of nftables, and of words that are not there in what a client says.
FAILURES = (AssertionError, OSError, ReplyError, subprocess.SubprocessError, ValueError, TypeError)

REDIS = ["--maxclients", 12000, "--tcp-backlog", 65535]
MYSQL = ["--innodb-buffer-pool-size=256M", "--max-connections=300", "--innodb-redo-log-capacity=64M", "--back-log=1000"]


class Stage:
    """`with Stage() as stage`; `seconds`: what one record should take."""

    def __init__(self, seconds, attempts=ATTEMPTS):
        self.seconds, self.attempts = seconds, attempts
        self._ends = contextlib.ExitStack()
        self._servers = {}

    def __enter__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="sengu-bench-"))
        self._ends.callback(shutil.rmtree, self.directory, ignore_errors=True)
        return self

    def __exit__(self, *_):
        self._ends.close()

    def server(self, kind):
        """Started when it is first asked for. The other kind is ended: it would only take CPU and memory."""
        if kind not in self._servers:
            while self._servers:
                self._servers.popitem()[1].kill()
            address = f"{network.BLOCK}.11"
            if kind == "redis":
                server = RedisServer(address, self.directory / "redis", options=REDIS)
                self._ends.callback(server.kill)
                server.start()
            else:
                from sengu_e2e.mysql_server import MySqlServer      # PyMySQL: a fresh machine has it only when it is installed
                server = MySqlServer(address, self.directory / "mysql", "mysql", tls="off", options=MYSQL)
                self._ends.callback(server.remove)
                server.start()
                server.become_master()
            self._servers = {kind: server}
        return self._servers[kind]

    def measure(self, scenario, contestant_class, repetition):
        """A Record; of the attempts that strangers disturbed, the one that they disturbed least. A failure is the last attempt."""
        best = None
        for attempt in range(1, self.attempts + 1):
            record = self._measure_once(scenario, contestant_class, repetition)
            if best is None or (not record.failed and record.foreign < best.foreign):
                best = record
            best.attempts = attempt
            if record.failed and record is not best:
                best.failed_again = record.failed
            if record.failed or not best.disturbed:
                break
        return best

    def _measure_once(self, scenario, contestant_class, repetition):
        log_tail = str
        with contextlib.ExitStack() as ends:
            try:
                directory = ends.enter_context(tempfile.TemporaryDirectory(prefix="contestant-", dir=self.directory,
                                                                             ignore_cleanup_errors=True))
                contestant = contestant_class(Path(directory), scenario.load.kind, self.server(scenario.load.kind))
                log_tail = contestant.log_tail
                ends.callback(contestant.stop)
                return self._under_load(scenario, contestant, repetition)
            except FAILURES as error:      # a result too: the others go on
                return Record(scenario.name, contestant_class.name, repetition, failed=f"{error}\n{log_tail()}".strip())

    def _under_load(self, scenario, contestant, repetition):
        load = scenario.load
        contestant.start()
        load.prepare(contestant.server)
        load.check(contestant.address, contestant.port)
        load.warm_up(contestant.name, contestant.address, contestant.port)
        with Meter(contestant.pids, [contestant.server.process.pid]) as meter, contestant.observed():
            outcome = load.run(contestant.name, contestant.address, contestant.port, self.seconds, contestant.pids)
        return Record.of(scenario, contestant, repetition, outcome, meter.usage, contestant.facts())
