"""bench/dataplane/baseline.py, and what bench/run --short makes of it: fails by a factor, in every repetition, twice."""

import json
from types import SimpleNamespace

import pytest
from dataplane import baseline
from dataplane.ratios import Ratio
from dataplane.record import Record
from made_up import records

CPU, RATE = "get cpu: sengu / nginx", "get rate: sengu / direct"


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """The accepted ratios of these tests."""
    monkeypatch.setattr(baseline, "FILE", tmp_path / "dataplane.json")
    return baseline.FILE


def accept(file, **ratios):
    file.write_text(json.dumps({"short": {"machine": {}, "ratios": ratios}}))


def compared(figure, accepted, *values):
    made = Ratio("get", figure, "sengu", "peer", values)
    return baseline.Comparison(made.name, made, accepted)


@pytest.mark.parametrize("figure, accepted, values, failed", [
    ("cpu", 0.5, (0.81, 0.81, 0.81), True),
    ("cpu", 0.5, (0.8, 0.81, 0.81), False),             # at the factor is not beyond it; one repetition acquits
    ("cpu", 0.5, (9, 9, 0.5), False),
    ("kib_per_session", 0.25, (0.41,), True),
    ("kib_per_session", 0.25, (0.4,), False),
    ("rate", 0.6, (0.19, 0.19), True),                  # the other way round, and by its own factor
    ("rate", 0.6, (0.19, 0.21), False),
    ("rate", 0.6, (6.0,), False),
    ("kib_per_session", 0.0, (0.0,), False),
    ("kib_per_session", 0.0, (0.1,), True),
    ("cpu", None, (9, 9, 9), False),
])
def test_only_what_is_worse_by_the_factor_in_every_repetition_fails(figure, accepted, values, failed):
    comparison = compared(figure, accepted, *values)
    assert comparison.failed is failed
    assert comparison.cells()[-1] == ("no baseline" if accepted is None else "WORSE" if failed else "ok")


def test_times_worse_is_of_the_median():
    assert compared("cpu", 0.5, 0.5, 1.0, 9).cells()[3] == "2.00"
    assert compared("rate", 0.6, 0.1, 0.3, 0.9).cells()[3] == "2.00"


def test_kept_are_cpu_against_proxies_and_throughput_against_none():
    made = [Record("get", "direct", 0, rate=9), Record("get", "sengu", 0, rate=6, cpu=4), Record("get", "nginx", 0, rate=5, cpu=2)]
    assert [each.name for each in baseline.kept(made)] == [RATE, CPU]


def test_accept_writes_medians_and_leaves_the_other_section_alone(file):
    file.write_text(json.dumps({"full": {"machine": {"cpu": "x"}, "ratios": {"a": 1}}}))
    made = [*records("get", "sengu", 1, 2, 10), *records("get", "nginx", 3, 3, 3)]
    baseline.accept("short", made, {"cpu": "y"})
    kept = json.loads(file.read_text())
    assert kept["full"] == {"machine": {"cpu": "x"}, "ratios": {"a": 1}}
    assert kept["short"] == {"machine": {"cpu": "y"}, "ratios": {CPU: 0.667}}
    assert [(each.name, each.accepted) for each in baseline.compare("short", made, ["get"])] == [(CPU, 0.667)]


def test_accept_replaces_the_rows_that_were_measured_and_no_others(file):
    accept(file, **{CPU: 9.0, "get cpu: sengu / long gone": 1.0, "get-c50 cpu: sengu / nginx": 0.5})
    baseline.accept("short", [*records("get", "sengu", 1), *records("get", "nginx", 2)], {"cpu": "y"})
    assert json.loads(file.read_text())["short"]["ratios"] == {CPU: 0.5, "get-c50 cpu: sengu / nginx": 0.5}


@pytest.mark.parametrize("sections", [None, {}, {"full": {"machine": {}, "ratios": {CPU: 1.0}}}])
def test_without_a_file_or_the_section_nothing_is_accepted(file, sections):
    if sections is not None:
        file.write_text(json.dumps(sections))
    made = [*records("get", "sengu", 1), *records("get", "nginx", 1)]
    (only,) = baseline.compare("short", made, ["get"])
    assert (only.accepted, only.verdict) == (None, "no baseline")
    assert not baseline.well([only])


def test_what_was_accepted_and_not_measured_fails(file):
    accept(file, **{CPU: 1.0, RATE: 1.0})
    compared = baseline.compare("short", [*records("get", "sengu", 1), *records("get", "nginx", 1)], ["get"])
    assert [(each.name, each.verdict) for each in compared] == [(CPU, "ok"), (RATE, "NOT MEASURED")]
    assert not baseline.well(compared)


def test_of_rows_that_were_not_asked_for_nothing_is_compared(file):
    accept(file, **{CPU: 1.0, "connect cpu: sengu / nginx": 1.0})
    compared = baseline.compare("short", [*records("get", "sengu", 1), *records("get", "nginx", 1)], ["get"])
    assert [each.name for each in compared] == [CPU]
    assert baseline.well(compared)


OPTIONS = SimpleNamespace(section="short", short=True)


def short_run(bench_run, monkeypatch, values, again=()):
    """(ended well, rows that were measured again) of a run whose row "get" gave these ratios, and `again` the second time."""
    measured_again = []

    def ratios(values, first):
        made = [*records("get", "sengu", *values), *records("get", "nginx", *[1] * len(values))]
        for record in made:
            record.repetition += first
        return made

    def measure(rows, contestants, options, made):
        measured_again.extend(row.name for row in rows)
        made += ratios(again, first=len(values))

    monkeypatch.setattr(bench_run, "measure", measure)
    rows, made = [SimpleNamespace(name="get"), SimpleNamespace(name="connect")], ratios(values, first=0)
    bench_run.measure_suspects_again(rows, [], OPTIONS, made)
    return bench_run.judge(rows, made, OPTIONS), measured_again


def test_a_suspect_is_measured_again_alone_and_acquitted_by_one_good_repetition(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0})
    assert short_run(bench_run, monkeypatch, [2, 2, 2], again=[2, 2, 1.5]) == (True, ["get"])


def test_who_is_worse_twice_fails(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0})
    assert short_run(bench_run, monkeypatch, [2, 2, 2], again=[2, 2, 2]) == (False, ["get"])


def test_who_is_well_is_not_measured_again(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0})
    assert short_run(bench_run, monkeypatch, [1, 2, 2]) == (True, [])


def test_a_row_of_which_nothing_came_is_measured_again_and_fails(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0, "connect cpu: sengu / nginx": 1.0})
    assert short_run(bench_run, monkeypatch, [1, 1, 1]) == (False, ["connect"])


def test_to_compare_nothing_is_not_well(file, bench_run, monkeypatch):
    accept(file, **{"another ratio": 1.0})
    assert short_run(bench_run, monkeypatch, [1, 1, 1]) == (False, [])


def test_what_sengu_failed_in_is_not_accepted(file, bench_run):
    accept(file, **{CPU: 1.0})
    for trouble in ({"failed": "why"}, {"failed_again": "why"}):
        bench_run.accept([Record("get", "sengu", 0, cpu=5, **trouble)], [], OPTIONS)
    assert json.loads(file.read_text())["short"]["ratios"] == {CPU: 1.0}
