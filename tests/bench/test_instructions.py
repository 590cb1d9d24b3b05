"""bench/inner_step/baseline.py: within 2 % for the same versions, and printed only for others."""

import json

import pytest
from inner_step import baseline


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(baseline, "FILE", tmp_path / "instructions.json")
    baseline.FILE.write_text(json.dumps({"g++ 12": {"relay": 100, "turn": 200}}))
    return baseline.FILE


@pytest.mark.parametrize("measured, verdict, well", [
    (100, "ok", True), (102, "ok", True), (102.01, "MORE", False), (98, "ok", True), (97.99, "less: --accept it", True)])
def test_two_percent(measured, verdict, well):
    compared = baseline.compare("g++ 12", {"relay": measured, "turn": 200})
    assert [each.verdict for each in compared] == [verdict, "ok"]
    assert baseline.well(compared) is well


def test_one_step_that_takes_more_is_enough():
    assert not baseline.well(baseline.compare("g++ 12", {"relay": 50, "turn": 300}))


def test_other_versions_are_not_compared():
    compared = baseline.compare("g++ 13", {"relay": 900, "turn": 900})
    assert [each.verdict for each in compared] == ["not accepted yet"] * 2
    assert baseline.well(compared)


def test_a_step_that_was_never_accepted_does_not_pass_unseen():
    assert not baseline.well(baseline.compare("g++ 12", {"relay": 100, "turn": 200, "new": 1}))


def test_accept_replaces_what_was_counted_and_nothing_else(file):
    baseline.accept("g++ 12", {"relay": 90})
    baseline.accept("g++ 13", {"relay": 80})
    assert json.loads(file.read_text()) == {"g++ 12": {"relay": 90, "turn": 200}, "g++ 13": {"relay": 80}}


def test_without_a_file_nothing_is_compared(file):
    file.unlink()
    assert baseline.well(baseline.compare("g++ 12", {"relay": 1}))
