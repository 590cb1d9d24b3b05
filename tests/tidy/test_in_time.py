"""tests/support/in-time: what is shortened when half an hour is over, and that nothing is before."""

import os
import subprocess
import time
from pathlib import Path

import pytest

IN_TIME = Path(__file__).resolve().parents[1] / "support/in-time"
SKIPPED = 77


@pytest.fixture
def in_time(tmp_path):
    """in_time(minutes, words): (exit status, output, what was noted), `minutes` after tests/run began; None: ctest by hand."""
    def run(minutes, *words, turn=0):
        noted = tmp_path / "shortened"
        noted.write_text("")
        environment = {**os.environ, "SENGU_SHORTENED": str(noted), "SENGU_TURN": str(turn),
                       "SENGU_STARTED": "" if minutes is None else str(int(time.time() - 60 * minutes))}
        done = subprocess.run([IN_TIME, *map(str, words)], env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip(), noted.read_text().strip()
    return run


@pytest.mark.parametrize("minutes", [None, 0, 29])
def test_there_is_time(in_time, minutes):
    assert in_time(minutes, "tenth", 2000, "echo", "--seeds", "{}") == (0, "--seeds 2000", "")
    for number in range(3):
        assert in_time(minutes, "third", number, "echo", "played") == (0, "played", "")


def test_half_an_hour_is_over(in_time):
    assert in_time(31, "tenth", 2000, "echo", "--seeds", "{}") == (0, "--seeds 200", "200 in place of 2000: echo --seeds {}")
    assert in_time(31, "tenth", 5, "echo", "{}")[:2] == (0, "1")


def test_each_third_has_its_turn(in_time):
    for turn in range(3):
        played = [number for number in range(9) if in_time(31, "third", number, "true", turn=turn)[0] == 0]
        assert played == list(range(turn, 9, 3))
    assert in_time(31, "third", 1, "true") == (SKIPPED, "", "left out: true")


def test_the_command_decides(in_time):
    assert in_time(0, "tenth", 2000, "false")[0] == 1
    assert in_time(31, "third", 0, "false")[0] == 1
