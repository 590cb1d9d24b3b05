"""bench/dataplane/goals.py: what is reached, what is missed, and what comes of what was not measured."""

import pytest
from dataplane import goals
from dataplane.goals import GOALS, Goal, Least, all_met, everything_was_on
from dataplane.record import Record
from made_up import records


@pytest.mark.parametrize("value, verdict", [
    (None, "not measured"), (0.8, "reached, aim too"), (0.85, "reached, aim too"), (0.851, "reached"), (0.92, "reached"),
    (0.921, "MISSED")])
def test_at_most(value, verdict):
    assert Goal("x", "row", "cpu", "peer", 0.92, 0.85).verdict(value) == verdict


@pytest.mark.parametrize("value, verdict", [
    (None, "not measured"), (0.7, "reached, aim too"), (0.62, "reached, aim too"), (0.619, "reached"), (0.57, "reached"),
    (0.569, "MISSED")])
def test_at_least(value, verdict):
    assert Least("x", "row", "rate", "direct", 0.57, 0.62).verdict(value) == verdict


def test_where_only_one_of_the_two_is_asked():
    must, aim = Goal("x", "row", "cpu", "peer", 0.6, None), Goal("x", "row", "p50", "direct", None, 1.05)
    assert [must.verdict(value) for value in (0.6, 0.61)] == ["reached", "MISSED"]
    assert [aim.verdict(value) for value in (1.05, 1.06)] == ["reached, aim too", "aim missed"]


def test_bounds_as_they_are_shown():
    assert Goal("x", "row", "cpu", "peer", 1.0, None).bound(1.0) == "≤ 1"
    assert Least("x", "row", "rate", "peer", 0.57, None).bound(0.57) == "≥ 0.57"
    assert Goal("x", "row", "cpu", "peer", None, 0.9).bound(None) == ""


def test_the_median_decides_in_the_goals_own_row():
    goal = Goal("x", "row", "cpu", "peer", 0.92, 0.85)
    peer = records("row", "peer", 1, 1, 1)
    assert not goal.unmet([*records("row", "sengu", 0.9, 5, 0.92), *peer])
    assert goal.unmet([*records("row", "sengu", 0.9, 0.93, 0.94), *peer])


def test_what_was_not_measured_is_not_met():
    nothing = [*records("other row", "sengu", 9), *records("other row", "peer", 1)]
    assert Goal("x", "row", "cpu", "peer", 0.92, 0.85).unmet(nothing)
    assert not Goal("x", "row", "cpu", "peer", None, 0.85).unmet(nothing)


def test_all_is_met_where_each_must_of_the_rows_is(monkeypatch):
    monkeypatch.setattr(goals, "GOALS", [Goal("x", "row", "cpu", "peer", 1.0, None), Goal("y", "other row", "cpu", "peer", 1.0, None)])
    made = [*records("row", "sengu", 1), *records("row", "peer", 1)]
    assert not all_met(made, ["row"])                        # nothing shows that everything was on
    made[0].facts = {"probes": 1, "scrapes": 1, "limits": [1, 1]}
    assert all_met(made, ["row"])
    assert not all_met(made, ["row", "other row"])           # was asked for, and not measured


def test_busy_poll_is_judged_by_its_own_records():
    own = next(goal for goal in GOALS if goal.of == "sengu busy_poll" and goal.figure == "p50")
    made = [*records(own.scenario, "sengu", 9, figure="p50"), *records(own.scenario, "sengu busy_poll", 2, figure="p50"),
            *records(own.scenario, "direct", 2, figure="p50")]
    assert own.measured(made).median == 1


def ours(elapsed=3.5, **facts):
    return Record("row", "sengu", 0, elapsed=elapsed, facts={"probes": 6, "scrapes": 4, "limits": [100, 100], **facts})


def test_everything_was_on():
    assert everything_was_on([]) == ("", "not measured")
    assert everything_was_on([ours(), ours(), Record("row", "nginx", 0)]) == ("2 of 2 records", "reached")
    assert everything_was_on([Record("row", "sengu busy_poll", 0)]) == ("0 of 1 records", "MISSED")
    assert everything_was_on([Record("row", "sengu", 0, failed="why")]) == ("", "not measured")


@pytest.mark.parametrize("off", [{"probes": 5}, {"scrapes": 2}, {"limits": [100, 0]}, {"limits": [0, 100]}])
def test_what_was_not_on_all_the_time_was_not_on(off):
    assert everything_was_on([ours(), ours(**off)]) == ("1 of 2 records", "MISSED")


def test_short_records_owe_no_probe_but_one_of_them_must_have_one():
    without = ours(elapsed=0.6, probes=0, scrapes=1)
    assert everything_was_on([without, ours(elapsed=0.6, probes=1, scrapes=1)]) == ("2 of 2 records", "reached")
    assert everything_was_on([without, without]) == ("2 of 2 records", "MISSED")
