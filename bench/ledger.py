"""What a run of bench/safety gives, what sengu promises for a row, and the row of its table.

Everything is taken from the servers and the clients, in the same way for every subject: promotions from the servers'
logs, acknowledgements from the writers, who know whose they are.
"""

import re
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sengu_e2e import Accounts

LATE = 0.1      # a reader's thread may be that late on a busy machine; what was asked after the switch is never excused
PROMOTED = re.compile(r"^\d+:\w (\d+ \w+ \d+ [\d:.]+) \* MASTER MODE enabled \(user request from '.* name=(\S*) ")


@dataclass(frozen=True)
class Promotion:
    when: float
    server: str
    by_hand: bool     # sengu and Sentinel name their connections


def promotions(nodes):
    """Every replica that became a master, from the servers' logs, in the clock of the writers."""
    clock = time.monotonic() - time.time()
    found = []
    for node in nodes:
        for line in (node.directory / "redis.log").read_text(errors="replace").splitlines():
            if match := PROMOTED.match(line):
                when = datetime.strptime(match[1], "%d %b %Y %H:%M:%S.%f").timestamp() + clock
                found.append(Promotion(when, node.address, by_hand=not match[2]))
    return sorted(found, key=lambda promotion: promotion.when)


def told_by_an_old_master(answers, promoted):
    """How many OKs came from a server after a later master had given its first.

    A tenure is a server's time as master, from one promotion of it to the next. `answers`: by when they came.
    """
    begun = {}
    for answer in answers:
        begun.setdefault(tenure(answer, promoted), answer.told)
    ended = {one: min((start for other, start in begun.items() if other[0] != one[0] and start > since), default=None)
             for one, since in begun.items()}
    return sum(out_of_turn(answer, ended[tenure(answer, promoted)]) for answer in answers)


def tenure(answer, promoted):
    return answer.server, sum(it.server == answer.server and it.when <= answer.told for it in promoted)


def out_of_turn(answer, ended):
    return ended is not None and (answer.asked > ended or answer.told > ended + LATE)


@dataclass(frozen=True)
class Promise:
    """What sengu is held to. Beside it, in every row: nothing lost that a replica had, no OK from an old master, and
    what `never` counts."""

    promotions: range | None = None
    lost: int | None = None
    silence: float | None = None      # seconds

    def __str__(self):
        asked = [f"{word} {bound}" for word, bound in
                 (("promotions", at_most(self.promotions)), ("lost", self.lost),
                  ("silence", self.silence and f"{self.silence:g} s")) if bound is not None]
        return ", ".join(asked) or "-"


def at_most(allowed):
    if allowed is None:
        return None
    return f"{allowed[0]}" if len(allowed) == 1 else f"{allowed[0]} to {allowed[-1]}"


@dataclass
class Ledger:
    promotions: int
    accounts: Accounts
    told_by_old: int
    silence: float
    never: dict[str, int] = field(default_factory=dict)

    def __str__(self):
        return ", ".join([f"{self.promotions} promotions", str(self.accounts), f"{self.told_by_old} OK by an old master",
                          f"silence {self.silence:.2f} s",
                          *(f"{what}: {times}" for what, times in self.never.items() if times)])

    def keeps(self, promise):
        return ((promise.promotions is None or self.promotions in promise.promotions)
                and (promise.lost is None or len(self.accounts.lost) <= promise.lost)
                and (promise.silence is None or self.silence <= promise.silence)
                and not self.accounts.keepable and not self.told_by_old and not sum(self.never.values()))


class Row:
    HEAD = ("fault", "of", "runs", "promotions", "acknowledged", "lost", "of them a replica had", "OK by an old master",
            "silence s", "must not happen", "sengu's target", "verdict")
    RULE = ("---", "---", *["---:"] * 7, "---", "---", "---")

    def __init__(self, fault, subject_class):
        self.fault, self.subject_class = fault, subject_class
        self.runs = []

    @property
    def missed(self):
        return self.subject_class.has_goals and not all(run and run.keeps(self.fault.promise) for run in self.runs)

    def cells(self):
        runs, own = [run for run in self.runs if run], self.subject_class.has_goals
        failed = len(self.runs) - len(runs)
        accounts = [run.accounts for run in runs]
        happened = sum((Counter(run.never) for run in runs), Counter())
        return (f"{self.fault.name}: {self.fault.label}", self.subject_class.name,
                f"{len(self.runs)}, {failed} failed" if failed else len(self.runs),
                spread(run.promotions for run in runs), spread(one.acked for one in accounts),
                spread(len(one.lost) for one in accounts), spread(len(one.keepable) for one in accounts),
                spread(run.told_by_old for run in runs), spread((run.silence for run in runs), "{:.2f}"),
                "; ".join(f"{what}: {times}" for what, times in happened.items()) or "-",
                self.fault.promise if own else "-", ("MISSED" if self.missed else "kept") if own else "-")


def spread(figures, form="{:.0f}"):
    """Median and most; one figure where they are the same."""
    figures = list(figures)
    if not figures:
        return "-"
    texts = [form.format(statistics.median(figures)), form.format(max(figures))]
    return texts[0] if texts[0] == texts[1] else " / ".join(texts)
