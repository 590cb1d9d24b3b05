"""Records that nobody measured: one per repetition, a value each."""

from dataplane.record import Record


def records(scenario, contestant, *values, figure="cpu", disturbed=(), failed=()):
    """`disturbed`, `failed`: repetitions. None for a value: there is no record of that repetition."""
    return [Record(scenario, contestant, repetition, foreign=0.5 if repetition in disturbed else 0.0,
                   failed="why" if repetition in failed else "", **{figure: value})
            for repetition, value in enumerate(values) if value is not None]
