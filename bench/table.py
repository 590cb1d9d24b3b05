"""What a run of bench/failover gives, what a row asks of its runs; and how a table of rows is shown."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from sengu_e2e import Accounts


@dataclass(frozen=True)
class Goal:
    """In seconds; None: not asked."""

    median: float | None = None
    worst: float | None = None
    least: float | None = None    # no run may take less

    def __str__(self):
        asked = {"median": self.median, "least": self.least, "worst": self.worst}
        return ", ".join(f"{name} {ms(bound)}" for name, bound in asked.items() if bound is not None) or "-"

    def reached(self, times):
        return (bool(times)
                and (self.median is None or statistics.median(times) <= self.median)
                and (self.worst is None or max(times) <= self.worst)
                and (self.least is None or min(times) >= self.least))


@dataclass
class Run:
    seconds: float | None                                 # what the row measures; None: the run failed
    accounts: Accounts | None = None                      # None: nobody is left to ask
    never: dict[str, int] = field(default_factory=dict)   # how often what must not happen did

    def __str__(self):
        measured = "failed" if self.seconds is None else f"{self.seconds * 1000:8.1f} ms"
        return ", ".join([measured, *([str(self.accounts)] if self.accounts else []),
                          *(f"{what}: {times}" for what, times in self.never.items())])


class Row:
    HEAD = ("fault", "of", "measured", "runs", "median ms", "worst ms", "target ms", "acked writes lost",
            "of them a replica had", "must be 0", "verdict")
    RULE = ("---", "---", "---", "---:", "---:", "---:", "---", "---:", "---:", "---", "---")

    def __init__(self, fault, subject_class):
        self.fault, self.subject_class = fault, subject_class
        self.runs = []

    @property
    def missed(self):
        return self.subject_class.has_goals and not self.reached()

    def reached(self):
        return (self.fault.goal.reached(self.times()) and len(self.times()) == len(self.runs)
                and not self.keepable() and not sum(self.never().values()))

    def times(self):
        return [run.seconds for run in self.runs if run.seconds is not None]

    def accounts(self):
        return [run.accounts for run in self.runs if run.accounts]

    def keepable(self):
        return sum(len(accounts.keepable) for accounts in self.accounts())

    def never(self):
        total = Counter()
        for run in self.runs:
            total.update(run.never)
        return total

    def cells(self):
        times, accounts, fault, own = self.times(), self.accounts(), self.fault, self.subject_class.has_goals
        failed = len(self.runs) - len(times)
        lost = sum(len(account.lost) for account in accounts)
        return (f"{fault.name}: {fault.label}", self.subject_class.name, fault.measured,
                f"{len(self.runs)}, {failed} failed" if failed else len(self.runs),
                ms(statistics.median(times)) if times else "-", ms(max(times)) if times else "-",
                fault.goal if own else "-", *((lost, self.keepable()) if accounts else ("-", "-")),
                "; ".join(f"{what}: {times}" for what, times in self.never().items()) or "-",
                ("MISSED" if self.missed else "reached") if own else "-")


def ms(seconds):
    return f"{seconds * 1000:.0f}"


def show(rows):
    """Rows of one kind."""
    for cells in (rows[0].HEAD, rows[0].RULE, *(row.cells() for row in rows)) if rows else ():
        print("| " + " | ".join(map(str, cells)) + " |")
