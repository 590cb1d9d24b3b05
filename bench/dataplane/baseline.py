"""The accepted ratios, bench/baseline/dataplane.json, and whether a run is worse than them by a factor.

A percentage would fail on any shared machine: a factor finds what was broken, not what was drifting. And only what is worse in
every repetition counts: strangers disturb some of them.
"""

import json
from dataclasses import dataclass

from sengu_e2e.proxy import ROOT

from .ratios import Ratio, every_ratio

FILE = ROOT / "bench/baseline/dataplane.json"
FACTORS = {"cpu": 1.6, "kib_per_session": 1.6, "rate": 3.0}   # throughput depends on who else wants the cores


@dataclass
class Comparison:
    measured: Ratio
    accepted: float | None         # None: the baseline does not have it

    def worse(self, value):
        """How many times worse than accepted."""
        return self.accepted / value if self.measured.figure == "rate" else value / self.accepted

    @property
    def failed(self):
        return (self.accepted is not None
                and min(self.worse(value) for value in self.measured.values) > FACTORS[self.measured.figure])

    def cells(self):
        if self.accepted is None:
            return self.measured.name, f"{self.measured.median:.3g}", "", "", "", "no baseline"
        return (self.measured.name, f"{self.measured.median:.3g}", f"{self.accepted:.3g}",
                f"{self.worse(self.measured.median):.2f}", FACTORS[self.measured.figure], "WORSE" if self.failed else "ok")


def kept(records):
    """Of every ratio those that say something of sengu on a busy machine: CPU against the proxies, throughput against none."""
    return [made for made in every_ratio(records) if (made.figure == "rate") == (made.against == "direct")]


def accept(section, records, machine):
    """Writes the medians of these records as the section, "short" or "full"."""
    sections = json.loads(FILE.read_text()) if FILE.exists() else {}
    sections[section] = {"machine": machine, "ratios": {made.name: float(f"{made.median:.3g}") for made in kept(records)}}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(sections, indent=2, sort_keys=True) + "\n")


def accepted(section):
    return json.loads(FILE.read_text())[section]["ratios"] if FILE.exists() else {}


def compare(section, records):
    ratios = accepted(section)
    return [Comparison(made, ratios.get(made.name)) for made in kept(records)]
