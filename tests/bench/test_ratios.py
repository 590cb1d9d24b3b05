"""bench/dataplane/ratios.py: which records are divided by which, and which of them count."""

import pytest
from dataplane.ratios import every_ratio, figures, ratio
from dataplane.record import DISTURBED, Record
from made_up import records


def values(ours, theirs, against="peer", figure="cpu"):
    return ratio([*ours, *theirs], "row", figure, "sengu", against).values


def test_the_median_of_paired_ratios_not_the_ratio_of_medians():
    made = ratio([*records("row", "sengu", 1, 10, 3), *records("row", "peer", 1, 5, 6)], "row", "cpu", "sengu", "peer")
    assert made.values == (1, 2, 0.5)
    assert made.median == 1               # of the medians: 0.6
    assert made.name == "row cpu: sengu / peer"


def test_pairs_are_of_one_repetition_whatever_the_order():
    assert values(records("row", "sengu", 1, 10, 3), reversed(records("row", "peer", 1, 5, 6))) == (1, 2, 0.5)


def test_a_repetition_counts_where_both_have_the_figure():
    assert values(records("row", "sengu", 2, 4, 6, 8), records("row", "peer", 2, None, 2, 0)) == (1, 3)
    assert values(records("row", "sengu", 2, 4, 6, failed=[1]), records("row", "peer", 2, 2, 2, failed=[2])) == (1,)
    assert values(records("row", "sengu", 2, 4), records("row", "peer", 2, 2, figure="p50")) == ()


def test_other_rows_and_other_contestants_do_not_count():
    strangers = [*records("other row", "sengu", 9, 9), *records("row", "sengu busy_poll", 9, 9), *records("other row", "peer", 9, 9)]
    assert values(records("row", "sengu", 2, 4), [*records("row", "peer", 1, 1), *strangers]) == (2, 4)


def test_disturbed_repetitions_are_left_out_where_three_others_are_there():
    peer = records("row", "peer", 1, 1, 1, 1)
    assert values(records("row", "sengu", 1, 9, 3, 4, disturbed=[1]), peer) == (1, 3, 4)


def test_whoever_of_the_two_was_disturbed():
    assert values(records("row", "sengu", 1, 2, 3, 9), records("row", "peer", 1, 1, 1, 1, disturbed=[3])) == (1, 2, 3)


def test_all_repetitions_count_where_fewer_than_three_were_quiet():
    peer = records("row", "peer", 1, 1, 1, 1)
    assert values(records("row", "sengu", 1, 9, 3, 9, disturbed=[1, 3]), peer) == (1, 9, 3, 9)
    assert values(records("row", "sengu", 1, 9, 3, disturbed=[1]), peer) == (1, 9, 3)


@pytest.mark.parametrize("foreign, disturbed", [(DISTURBED, False), (DISTURBED + 0.001, True)])
def test_what_disturbed_means(foreign, disturbed):
    assert Record("row", "sengu", 0, foreign=foreign).disturbed is disturbed


def test_against_nobody_it_is_the_figure_itself():
    made = ratio(records("row", "sengu", 3, 1, 2, figure="kib_per_session"), "row", "kib_per_session", "sengu")
    assert (made.values, made.median, made.name) == ((3, 1, 2), 2, "row kib_per_session: sengu")


def test_nothing_at_all_is_a_figure_but_nothing_to_divide_by():
    made = ratio(records("row", "sengu", 0.0, 1.0, 0.0, figure="kib_per_session"), "row", "kib_per_session", "sengu")
    assert made.values == (0.0, 1.0, 0.0)
    assert values(records("row", "sengu", 0.0, 1.0), records("row", "peer", 1.0, 0.0)) == (0.0,)


def test_of_nothing_there_is_no_median():
    made = ratio([], "row", "cpu", "sengu", "peer")
    assert (made.values, made.median, made.spread) == ((), None, 0.0)


@pytest.mark.parametrize("measured, spread", [
    ((1,), 0.0),
    ((0.9, 1.0, 1.1), 0.2),                     # of all
    ((1.0, 1.02, 1.0, 0.98, 5.0), 0.02),        # between the quartiles: one outlier of five does not matter
    ((1.0, 1.1, 1.0, 0.8, 0.9), 0.1 / 1.0),
])
def test_the_spread(measured, spread):
    made = ratio(records("row", "sengu", *measured), "row", "cpu", "sengu")
    assert made.spread == pytest.approx(spread)


def test_up_to_a_tenth_is_stable():
    def stable(*measured):
        return ratio(records("row", "sengu", *measured), "row", "cpu", "sengu").stable
    assert stable(1.0, 1.09)
    assert not stable(1.0, 1.2)


def test_every_ratio_of_a_run():
    made = every_ratio([
        *records("get", "direct", 9, figure="rate"),            # no process of its own: no CPU
        Record("get", "sengu", 0, rate=6, cpu=3), Record("get", "nginx", 0, rate=3, cpu=2),
        Record("idle", "sengu", 0, rate=1, cpu=1, kib_per_session=0.5), Record("idle", "nginx", 0, rate=1, cpu=1, kib_per_session=9)])
    assert {each.name: each.median for each in made} == {
        "get rate: sengu / direct": pytest.approx(2 / 3), "get cpu: sengu / nginx": 1.5, "get rate: sengu / nginx": 2,
        "idle kib_per_session: sengu": 0.5}


def test_figures_are_of_all_repetitions_that_did_not_fail():
    made = records("row", "sengu", 1, 2, 3, 4, disturbed=[1], failed=[2])
    assert figures(made, "row", "cpu", "sengu") == [1, 2, 4]
