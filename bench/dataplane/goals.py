"""The table that sengu has to reach: a bound for one figure, against one contestant, and whether it was reached."""

from dataclasses import dataclass

from .ratios import ratio


@dataclass(frozen=True)
class Goal:
    """`must` and `aim` are for the median; None: not asked. at_least: more is better."""
    label: str
    scenario: str
    figure: str
    against: str | None
    must: float | None
    aim: float | None
    of: str = "sengu"
    at_least = False

    def measured(self, records):
        return ratio(records, self.scenario, self.figure, self.of, self.against)

    def within(self, value, bound):
        return value <= bound

    def bound(self, value):
        return "" if value is None else f"≤ {value:g}"

    def verdict(self, value):
        if value is None:
            return "not measured"
        if self.must is not None and not self.within(value, self.must):
            return "MISSED"
        if self.aim is None or self.within(value, self.aim):
            return "reached" if self.aim is None else "reached, aim too"
        return "reached" if self.must is not None else "aim missed"

    def unmet(self, records):
        """What must be and was not measured is not met either."""
        return self.must is not None and self.verdict(self.measured(records).median) in ("MISSED", "not measured")


class Least(Goal):
    def within(self, value, bound):
        return value >= bound

    def bound(self, value):
        return "" if value is None else f"≥ {value:g}"


H26, H32, NGINX, ROUTER = "HAProxy 2.6", "HAProxy 3.2", "nginx", "MySQL Router"
BUSY = "sengu busy_poll"
ALL_ON = "all of it with metrics, limits and health checks on, the log as delivered"
PROBED_EACH = 0.5      # seconds: sengu's interval as delivered

GOALS = [
    Goal("CPU per request, c50", "get-c50", "cpu", H26, 0.92, 0.85),
    Goal("CPU per request, c50", "get-c50", "cpu", H32, 0.92, 0.84),
    Goal("CPU per request, c50", "get-c50", "cpu", NGINX, 1.00, 0.93),
    Goal("CPU per request, c500", "get-c500", "cpu", H26, 0.90, 0.82),
    Goal("CPU per request, c500", "get-c500", "cpu", H32, 0.80, 0.70),
    Goal("p50, c1", "get-c1", "p50", "direct", 1.4, 1.3),
    Goal("p99, c1", "get-c1", "p99", "direct", 1.75, 1.5),
    Goal("p50, c1, busy_poll", "get-c1", "p50", "direct", None, 1.05, BUSY),
    Goal("p99, c1, busy_poll", "get-c1", "p99", "direct", None, 1.15, BUSY),
    Least("requests/s, c50", "get-c50", "rate", "direct", 0.57, 0.62),
    Goal("CPU per GiB, 2 GiB down", "stream-down", "cpu", H32, 0.6, 0.45),
    Goal("CPU per GiB, 2 GiB up", "stream-up", "cpu", H32, 0.6, 0.45),
    Least("requests/s, 1 MiB GET c10", "get-1m", "rate", "direct", 0.85, 0.92),
    Goal("CPU per new connection", "connect", "cpu", H26, 1.0, 0.93),
    Goal("KiB of memory per idle session", "idle", "kib_per_session", None, 1.5, 0.8),
    Goal("CPU per query, point-select, 16 threads", "point-select-16", "cpu", H32, 0.95, None),
    Goal("CPU per query, point-select, 16 threads", "point-select-16", "cpu", ROUTER, 0.6, None),
]


def all_met(records, scenarios):
    """Whether all that must be is, in these rows."""
    goals = [goal for goal in GOALS if goal.scenario in scenarios]
    return not any(goal.unmet(records) for goal in goals) and everything_was_on(records)[1] == "reached"


def everything_was_on(records):
    """(measured, verdict) of the last row: while the load ran every sengu was scraped and probed its server, under limits.

    A record shorter than two intervals owes no probe: at least one of all has to have one.
    """
    ours = [record for record in records if record.contestant.startswith("sengu") and not record.failed]
    if not ours:
        return "", "not measured"
    on = [record for record in ours if was_on(record)]
    reached = len(on) == len(ours) and any(record.facts["probes"] > 0 for record in ours)
    return f"{len(on)} of {len(ours)} records", "reached" if reached else "MISSED"


def was_on(record):
    """One scrape a second, and one probe an interval but for the first, which may have been asked just before."""
    facts, limits = record.facts, record.facts.get("limits", [0])
    return (facts.get("scrapes", 0) >= max(1, int(record.elapsed)) and facts.get("probes", 0) >= int(record.elapsed / PROBED_EACH) - 1
            and all(limits))
