"""What a run of bench/mysql gives, and the row of its table: the time, the relay log's share of it, the missing rows."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from table import ms


@dataclass(frozen=True)
class SqlRun:
    seconds: float | None                                 # what the row measures; None: the run failed
    relay_log: float = 0.0                                # of these, from IO threads stopped until all received is applied
    acked: int | None = None                              # None: the row has no writers
    missing: int = 0                                      # acknowledged, and not on the new master
    never: dict[str, int] = field(default_factory=dict)   # how often what must not happen did
    seen: dict[str, int] = field(default_factory=dict)    # what may happen, and is worth telling

    def __str__(self):
        measured = "failed" if self.seconds is None else f"{self.seconds * 1000:7.1f} ms"
        return ", ".join([measured, f"relay log {ms(self.relay_log)} ms",
                          *([f"{self.acked} acknowledged, {self.missing} missing"] if self.acked is not None else []),
                          *(f"{what}: {times}" for what, times in {**self.never, **self.seen}.items())])


class SqlRow:
    HEAD = ("fault", "of", "measured", "runs", "median ms", "worst ms", "relay log ms", "target ms", "acknowledged",
            "missing", "must be 0", "seen", "verdict")
    RULE = ("---", "---", "---", "---:", "---:", "---:", "---:", "---", "---:", "---:", "---", "---", "---")

    def __init__(self, fault, flavour):
        self.fault, self.subject_class, self.runs = fault, flavour, []

    @property
    def missed(self):
        return not (self.fault.goal.reached(self.judged()) and len(self.good()) == len(self.runs)
                    and not sum(self.total("never").values()) and (self.fault.may_miss or not self.missing()))

    def good(self):
        return [run for run in self.runs if run.seconds is not None]

    def judged(self):
        return [run.seconds - (run.relay_log if self.fault.beyond_relay_log else 0) for run in self.good()]

    def missing(self):
        return sum(run.missing for run in self.good())

    def total(self, what):
        return sum((Counter(getattr(run, what)) for run in self.good()), Counter())

    def counted(self, what):
        """Those that are 0 too: that they were looked for is worth knowing."""
        names = dict.fromkeys(name for run in self.good() for name in getattr(run, what))
        return "; ".join(f"{name}: {self.total(what)[name]}" for name in names) or "-"

    def cells(self):
        good, fault = self.good(), self.fault
        failed = len(self.runs) - len(good)
        times = [run.seconds for run in good]
        waits = [run.relay_log for run in good]
        acked = [run.acked for run in good if run.acked is not None]
        extra = " + relay log" if fault.beyond_relay_log else ""
        return (f"{fault.name}: {fault.label}", self.subject_class.name, fault.measured,
                f"{len(self.runs)}, {failed} failed" if failed else len(self.runs),
                ms(statistics.median(times)) if times else "-", ms(max(times)) if times else "-",
                f"{ms(statistics.median(waits))}, worst {ms(max(waits))}" if waits else "-", f"{fault.goal}{extra}",
                sum(acked) if acked else "-", self.missing() if acked else "-",
                self.counted("never"), self.counted("seen"), "MISSED" if self.missed else "reached")
