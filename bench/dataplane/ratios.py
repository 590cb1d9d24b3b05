"""From records to ratios: sengu's figure over a peer's of the same repetition, and the median of these.

Absolute figures of two repetitions met two machines; two figures of one repetition met the same.
"""

import statistics
from dataclasses import dataclass

STABLE = 0.10          # spread over the median
ENOUGH = 3             # undisturbed repetitions, so that the others are not looked at


@dataclass(frozen=True)
class Ratio:
    scenario: str
    figure: str                    # an attribute of Record
    of: str
    against: str | None            # None: the figure itself
    values: tuple                  # one a repetition

    @property
    def name(self):
        return f"{self.scenario} {self.figure}: {self.of}" + (f" / {self.against}" if self.against else "")

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def spread(self):
        """Over the median: between the quartiles where there are five or more, else between all."""
        if len(self.values) < 2 or not self.median:
            return 0.0
        if len(self.values) >= 5:
            low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        else:
            low, high = min(self.values), max(self.values)
        return (high - low) / self.median

    @property
    def stable(self):
        return self.spread <= STABLE


def ratio(records, scenario, figure, of, against=None):
    """Of the repetitions in which both records are undisturbed, where there are ENOUGH; else of all."""
    ours = by_repetition(records, scenario, figure, of)
    theirs = by_repetition(records, scenario, figure, against or of)
    paired = [repetition for repetition in ours if repetition in theirs and (not against or getattr(theirs[repetition], figure))]
    quiet = [repetition for repetition in paired if not (ours[repetition].disturbed or theirs[repetition].disturbed)]
    values = tuple(getattr(ours[repetition], figure) / (getattr(theirs[repetition], figure) if against else 1)
                   for repetition in (quiet if len(quiet) >= ENOUGH else paired))
    return Ratio(scenario, figure, of, against, values)


def by_repetition(records, scenario, figure, contestant):
    """{repetition: the record}, of those that have the figure."""
    return {record.repetition: record for record in records
            if (record.scenario, record.contestant) == (scenario, contestant) and not record.failed
            and getattr(record, figure) is not None}


def figures(records, scenario, figure, contestant):
    """Of all repetitions."""
    return [getattr(record, figure) for record in by_repetition(records, scenario, figure, contestant).values()]


def every_ratio(records, of="sengu"):
    """Of all scenarios, against all that took part: what a baseline keeps."""
    found = []
    for scenario in dict.fromkeys(record.scenario for record in records):
        rivals = dict.fromkeys(record.contestant for record in records if record.scenario == scenario)
        for against in rivals:
            if against == of:
                continue
            for figure in ("cpu", "rate"):
                if scenario != "idle" and (made := ratio(records, scenario, figure, of, against)).values:
                    found.append(made)
        if (made := ratio(records, scenario, "kib_per_session", of)).values:
            found.append(made)
    return found
