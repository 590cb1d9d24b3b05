"""bench/dataplane/stage.py: which of several attempts becomes the record."""

import pytest
from dataplane.record import Record
from dataplane.stage import Stage


class Played(Stage):
    """Measures nothing: gives these records, one an attempt."""

    def __init__(self, *records):
        super().__init__(seconds=1)
        self.records = list(records)

    def _measure_once(self, scenario, contestant_class, repetition):
        return self.records.pop(0)


def quiet(rate=1.0):
    return Record("row", "sengu", 0, rate=rate, foreign=0.01)


def disturbed(foreign, rate=1.0):
    return Record("row", "sengu", 0, rate=rate, foreign=foreign)


def failed():
    return Record("row", "sengu", 0, failed="why")


def kept(*records):
    return Played(*records).measure(None, None, 0)


@pytest.mark.parametrize("attempts, rate, count", [
    ([quiet(1)], 1, 1),
    ([disturbed(0.5, 1), quiet(2)], 2, 2),
    ([disturbed(0.5, 1), disturbed(0.3, 2), disturbed(0.4, 3)], 2, 3)])
def test_the_first_quiet_one_or_the_least_disturbed(attempts, rate, count):
    record = kept(*attempts)
    assert (record.rate, record.attempts, record.trouble) == (rate, count, "")


def test_a_failed_attempt_replaces_no_figures_and_is_not_forgotten():
    record = kept(disturbed(0.5, 7), failed())
    assert (record.rate, record.failed, record.attempts, record.trouble) == (7, "", 2, "why")


def test_a_failure_is_the_last_attempt():
    stage = Played(failed(), quiet())
    assert stage.measure(None, None, 0).failed == "why"
    assert len(stage.records) == 1
