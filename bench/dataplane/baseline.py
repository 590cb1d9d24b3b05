"""The accepted ratios, bench/baseline/dataplane.json, and whether a run is worse than them by a factor.

A percentage would fail on any shared machine: the factor finds what was broken, not what was drifting.
"""

import json

from sengu_e2e.proxy import ROOT

from .ratios import every_ratio

FILE = ROOT / "bench/baseline/dataplane.json"
FACTOR = 1.6


def accept(section, records, machine):
    """Writes the medians of these records as the section, "short" or "full"."""
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    kept[section] = {"machine": machine,
                     "ratios": {made.name: float(f"{made.median:.3g}") for made in every_ratio(records)}}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def compare(section, records):
    """Rows of (ratio, measured, accepted, times worse, verdict), in the order of the records."""
    kept = json.loads(FILE.read_text())[section]["ratios"] if FILE.exists() else {}
    rows = []
    for made in every_ratio(records):
        accepted = kept.get(made.name)
        if accepted is None:
            rows.append((made.name, f"{made.median:.3g}", "", "", "no baseline"))
            continue
        worse = accepted / made.median if made.figure == "rate" else made.median / accepted
        rows.append((made.name, f"{made.median:.3g}", f"{accepted:.3g}", f"{worse:.2f}", "WORSE" if worse > FACTOR else "ok"))
    return rows
