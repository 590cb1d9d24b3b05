"""The accepted counts, bench/baseline/instructions.json: {key: {step: instructions per message}}, and how a run differs.

A count repeats to the instruction, so a percentage will do here; but another compiler or library makes another one. Where
nothing was accepted for the key nothing is compared.
"""

import json
from dataclasses import dataclass

from sengu_e2e.proxy import ROOT

FILE = ROOT / "bench/baseline/instructions.json"
MARGIN = 0.02


@dataclass(frozen=True)
class Comparison:
    step: str
    measured: float
    accepted: float | None           # None: nothing was, for this key or for this step

    @property
    def change(self):
        """More (+) or less than accepted, as a fraction of it."""
        return None if self.accepted is None else self.measured / self.accepted - 1

    @property
    def verdict(self):
        if self.change is None:
            return "not accepted yet"
        if abs(self.measured - self.accepted) <= MARGIN * self.accepted:
            return "ok"
        return "MORE" if self.change > 0 else "less: --accept it"

    def cells(self):
        change = "" if self.change is None else f"{self.change * 100:+.1f} %"
        return self.step, f"{self.measured:g}", "" if self.accepted is None else f"{self.accepted:g}", change, self.verdict


def compare(key, counts):
    """Of {step: count}."""
    accepted = sections().get(key, {})
    return [Comparison(step, measured, accepted.get(step)) for step, measured in counts.items()]


def well(compared):
    """Where something was accepted for the key, every step must have been: one by a new name would never be compared."""
    return (all(each.accepted is None for each in compared)
            or all(each.verdict not in ("MORE", "not accepted yet") for each in compared))


def accept(key, counts):
    """Writes them over what the key had, of these steps."""
    kept = sections()
    kept[key] = {**kept.get(key, {}), **counts}
    FILE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def sections():
    return json.loads(FILE.read_text()) if FILE.exists() else {}
