"""Markdown: the goals, all figures, and what was not stable. Prints; decides nothing."""

import re
import statistics

from .goals import ALL_ON, GOALS, everything_was_on
from .ratios import every_ratio, figures
from .record import DISTURBED

FIGURES = (("cpu", "CPU us/request"), ("rate", "per second"), ("p50", "p50 ms"), ("p99", "p99 ms"),
           ("kib_per_session", "KiB/session"))


def show(head, rows):
    """Columns whose first cell is a number are aligned to the right."""
    print("| " + " | ".join(head) + " |")
    firsts = [next((str(cell) for cell in column if cell != ""), "") for column in zip(*rows)]
    print("| " + " | ".join("---:" if re.fullmatch(r"[-+.\de]+( %)?", first) else "---" for first in firsts) + " |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def show_goals(records):
    print("\n## How good\n")
    rows = []
    for goal in GOALS:
        made = goal.measured(records)
        measured = "" if made.median is None else f"{made.median:.3g}"
        rows.append((goal.label + (f" against {goal.against}" if goal.against else ""), measured, goal.bound(goal.must),
                     goal.bound(goal.aim) or "lower", goal.verdict(made.median)))
    measured, verdict = everything_was_on(records)
    rows.append((ALL_ON, measured, "yes", "", verdict))
    show(("metric", "measured", "must", "aim", "verdict"), rows)


def show_everything_was_on(records):
    print(f"\n{ALL_ON}: {', '.join(filter(None, everything_was_on(records)))}")


def show_comparison(compared):
    print("\n## Against the accepted ratios (worse: every repetition is beyond the factor)\n")
    show(("ratio", "measured", "accepted", "times worse", "factor", "verdict"), [each.cells() for each in compared])


def show_figures(scenarios, records):
    print("## All figures (medians)\n")
    rows = []
    for scenario in scenarios:
        for who in scenario.who():
            cells, runs = [], [record for record in records
                               if (record.scenario, record.contestant) == (scenario.name, who.name)]
            for figure, _ in FIGURES:
                values = figures(records, scenario.name, figure, who.name)
                shown = scenario.name != "idle" or figure == "kib_per_session"
                cells.append(readable(statistics.median(values)) if values and shown else "")
            if not runs:
                continue
            failed = sum(bool(record.failed) for record in runs)
            rows.append((f"{scenario.label} (per {scenario.load.unit})", who.name,
                         f"{len(runs)}, {failed} failed" if failed else len(runs), *cells))
    show(("scenario", "contestant", "runs", *(head for _, head in FIGURES)), rows)


def readable(value):
    """With three digits, but whole where it is big."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def show_unstable(records):
    print("## What was not stable\n")
    goals = {goal.measured(records) for goal in GOALS}
    rows = [(made.name, f"{made.median:.3g}", f"{made.spread * 100:.0f} %", " ".join(f"{value:.3g}" for value in made.values))
            for made in dict.fromkeys([*every_ratio(records), *sorted(goals, key=lambda made: made.name)])
            if made.values and not made.stable]
    if max((record.repetition for record in records), default=0) == 0:
        print("One run says nothing of it.\n")
    elif rows:
        show(("ratio", "median", "spread", "runs"), rows)
    else:
        print("Nothing: every ratio repeated within 10 %.\n")
    disturbed = [record for record in records if record.disturbed]
    if disturbed:
        print(f"Of {len(records)} records {len(disturbed)} had more than {DISTURBED * 100:.0f} % of the machine taken by others:",
              ", ".join(f"{record.scenario} {record.contestant} run {record.repetition + 1}: {record.foreign * 100:.0f} %"
                        for record in disturbed), "\n")
    for record in records:
        if record.trouble:
            print(f"failed: {record.scenario} {record.contestant} run {record.repetition + 1}: {record.trouble}\n")
