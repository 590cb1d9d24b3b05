"""The accepted ratios, bench/baseline/dataplane.json, and whether a run is worse than them by a factor.

A percentage would fail on any shared machine: a factor finds what was broken, not what was drifting. And only what is worse in
every repetition counts: strangers disturb some of them. What was accepted and not measured counts too.
"""

import json
from dataclasses import dataclass

from sengu_e2e.proxy import ROOT

from .ratios import Ratio, every_ratio

FILE = ROOT / "bench/baseline/dataplane.json"
FACTORS = {"cpu": 1.6, "kib_per_session": 1.6, "rate": 3.0}   # throughput depends on who else wants the cores


@dataclass
class Comparison:
    name: str                      # of a Ratio
    measured: Ratio | None         # None: it was not
    accepted: float | None         # None: the baseline does not have it

    @property
    def scenario(self):
        return scenario_of(self.name)

    def worse(self, value):
        """How many times worse than accepted."""
        good, bad = (value, self.accepted) if self.measured.figure == "rate" else (self.accepted, value)
        if bad == good:
            return 1.0
        return bad / good if good else float("inf")

    @property
    def verdict(self):
        if self.accepted is None:
            return "no baseline"
        if self.measured is None:
            return "NOT MEASURED"
        return "WORSE" if min(self.worse(value) for value in self.measured.values) > FACTORS[self.measured.figure] else "ok"

    @property
    def failed(self):
        return self.verdict in ("NOT MEASURED", "WORSE")

    def cells(self):
        measured = f"{self.measured.median:.3g}" if self.measured else ""
        accepted = "" if self.accepted is None else f"{self.accepted:.3g}"
        if not measured or not accepted:
            return self.name, measured, accepted, "", "", self.verdict
        return (self.name, measured, accepted, f"{self.worse(self.measured.median):.2f}", FACTORS[self.measured.figure], self.verdict)


def kept(records):
    """Of every ratio those that say something of sengu on a busy machine: CPU against the proxies, throughput against none."""
    return [made for made in every_ratio(records) if (made.figure == "rate") == (made.against == "direct")]


def accept(section, records, machine):
    """Writes the medians of these records into the section, "short" or "full", over what it had of their rows."""
    sections = read()
    old = sections.get(section, {"machine": {}, "ratios": {}})
    rows = {record.scenario for record in records}
    others = {name: value for name, value in old["ratios"].items() if scenario_of(name) not in rows}
    sections[section] = {"machine": {**old["machine"], **machine},
                         "ratios": {**others, **{made.name: float(f"{made.median:.3g}") for made in kept(records)}}}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(sections, indent=2, sort_keys=True) + "\n")


def compare(section, records, scenarios):
    """All that was accepted of these rows, and all that was measured."""
    ratios = read().get(section, {"ratios": {}})["ratios"]
    accepted = {name: value for name, value in ratios.items() if scenario_of(name) in scenarios}
    measured = {made.name: made for made in kept(records)}
    return [Comparison(name, measured.get(name), accepted.get(name)) for name in dict.fromkeys([*accepted, *measured])]


def was_compared(compared):
    return any(each.accepted is not None for each in compared)


def well(compared):
    """Where the baseline has nothing of what was asked, nothing was compared, and that is not well."""
    return was_compared(compared) and not any(each.failed for each in compared)


def read():
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def scenario_of(name):
    """The row of a ratio by its name."""
    return name.split()[0]
