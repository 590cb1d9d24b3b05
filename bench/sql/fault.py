"""What every row of bench/mysql has: its name, what the group and its clients are like, and what is asked of it."""

from sengu_e2e.mysql_server import FOREVER
from table import Goal


class Fault:
    name = label = measured = None
    goal = Goal()
    runs = 20
    semi_sync = FOREVER       # None: asynchronous
    may_miss = False          # acknowledged rows may be missing afterwards, if sengu says so
    beyond_relay_log = False  # the goal is for what is left of the time without the wait for the relay log
    writers, pace = 8, 0.001  # how many, and the seconds between two writes of one
    needs_network = False
    settings = {}             # arguments of sengu_e2e.Sengu, beside the usual

    def run(self, scene):
        """Does it, and returns a SqlRun."""
        raise NotImplementedError
