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
    return baseline.Comparison(Ratio("get", figure, "sengu", "peer", values), accepted)


@pytest.mark.parametrize("figure, accepted, values, failed", [
    ("cpu", 0.5, (0.81, 0.81, 0.81), True),
    ("cpu", 0.5, (0.8, 0.81, 0.81), False),             # at the factor is not beyond it; one repetition acquits
    ("cpu", 0.5, (9, 9, 0.5), False),
    ("kib_per_session", 0.25, (0.41,), True),
    ("kib_per_session", 0.25, (0.4,), False),
    ("rate", 0.6, (0.19, 0.19), True),                  # the other way round, and by its own factor
    ("rate", 0.6, (0.19, 0.21), False),
    ("rate", 0.6, (6.0,), False),
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
    assert [(each.measured.name, each.accepted) for each in baseline.compare("short", made)] == [(CPU, 0.667)]


def test_without_a_file_nothing_is_accepted():
    assert baseline.compare("short", [*records("get", "sengu", 1), *records("get", "nginx", 1)])[0].accepted is None


class Again:
    """Stands for bench/run's measure(): gives these records, and remembers of which rows."""

    def __init__(self, *values):
        self.values, self.rows, self.first = values, None, None

    def __call__(self, rows, contestants, options, first=0):
        self.rows, self.first = [row.name for row in rows], first
        made = [*records("get", "sengu", *self.values), *records("get", "nginx", *[1] * len(self.values))]
        for record in made:
            record.repetition += first
        return made


def short_run(bench_run, monkeypatch, again, *values):
    """True: it ended well."""
    monkeypatch.setattr(bench_run, "measure", again)
    made = [*records("get", "sengu", *values), *records("get", "nginx", *[1] * len(values))]
    rows = [SimpleNamespace(name="get"), SimpleNamespace(name="connect")]
    return bench_run.beside_baseline(rows, made, [], SimpleNamespace(section="short", runs=len(values)))


def test_a_suspect_is_measured_again_alone_and_acquitted_by_one_good_repetition(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0})
    again = Again(2, 2, 1.5)
    assert short_run(bench_run, monkeypatch, again, 2, 2, 2)
    assert (again.rows, again.first) == (["get"], 3)


def test_who_is_worse_twice_fails(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0})
    assert not short_run(bench_run, monkeypatch, Again(2, 2, 2), 2, 2, 2)


def test_who_is_well_is_not_measured_again(file, bench_run, monkeypatch):
    accept(file, **{CPU: 1.0})
    again = Again()
    assert short_run(bench_run, monkeypatch, again, 1, 2, 2)
    assert again.rows is None


def test_to_compare_nothing_is_not_well(file, bench_run, monkeypatch):
    accept(file, **{"another ratio": 1.0})
    assert not short_run(bench_run, monkeypatch, Again(), 1, 1, 1)
