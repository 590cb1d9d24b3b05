"""bench/nodes: what one more node costs, and that a sengu which does nothing is not taken for a punctual one."""

import pytest


def rests(bench_nodes, cores, sizes):
    return [bench_nodes.Rest(groups, cores(groups), {}, 0) for groups in sizes]


FULL, QUICK = (300, 1000, 3000), (10, 100, 300)


@pytest.mark.parametrize("sizes", [FULL, QUICK])
def test_what_is_there_without_any_node_hides_no_growth(bench_nodes, sizes):
    """A fixed cost as big as all else, and what grows with the square."""
    def steeper(cores):
        return bench_nodes.steeper(*rests(bench_nodes, cores, sizes))
    assert steeper(lambda groups: 0.1 + 1e-4 * groups) == pytest.approx(1)
    assert steeper(lambda groups: 0.1 + 1e-7 * groups ** 2) > 3
    assert steeper(lambda groups: 0.1 + 1e-4 * groups + 1e-4 * groups ** 2 / sizes[1]) > bench_nodes.QUICK.steeper


def test_where_more_nodes_cost_nothing_there_is_no_slope(bench_nodes):
    assert bench_nodes.steeper(*rests(bench_nodes, lambda groups: 0.1, FULL)) == float("inf")


class Played:
    """A responder that saw so many times between two probes, and a sengu that takes no CPU."""

    def __init__(self, count):
        self.count, self.groups = count, 100

    def ask(self, *_):
        return {"count": self.count, "p99": 0}

    def control_seconds(self):
        return 0

    def resident_bytes(self):
        return 0


def test_who_stopped_probing_is_not_punctual(bench_nodes, monkeypatch):
    monkeypatch.setattr(bench_nodes, "let_pass", lambda _: None)
    for count in (0, 1199):                         # 300 nodes, 6 s: 5 times between two probes, 1,200 are four fifths
        with pytest.raises(AssertionError, match="stopped probing"):
            bench_nodes.observe(Played(count), Played(count), 6)
    assert bench_nodes.observe(Played(1200), Played(1200), 6).lateness["count"] == 1200


def test_what_goes_on_meanwhile_must_go_on(bench_nodes):
    def once_a_minute(every, until):
        until.wait()
        return 1

    def gone(every, until):
        raise ConnectionRefusedError

    with pytest.raises(AssertionError, match="once_a_minute"):
        with bench_nodes.meanwhile(0.001, once_a_minute):
            bench_nodes.let_pass(0.1)
    with pytest.raises(ConnectionRefusedError):
        with bench_nodes.meanwhile(0.001, gone):
            pass
