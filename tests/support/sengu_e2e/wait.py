"""Waiting for a condition, and watching that one does not come true: with deadlines, by polling."""

import time

from .resp import ReplyError


def eventually(condition, within=10.0, what="", every=None):
    """Polls until `condition()` is truthy and returns its value. An error (OSError, ReplyError) means: not yet.

    `every` so many seconds; else each 5 ms, and less often the longer it waits, since many tests poll at the same time.
    """
    begun = time.monotonic()
    deadline = begun + within
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, ReplyError) as error:
            last = error
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"not within {within:g} s: {what or condition.__name__} (last: {last!r})")
        time.sleep(every or min(max(0.005, (now - begun) / 40), 0.05))


def never(condition, during, what="", every=0.01):
    """Fails as soon as `condition()` is truthy within `during` seconds."""
    deadline = time.monotonic() + during
    while time.monotonic() < deadline:
        value = condition()
        assert not value, f"must not happen: {what or condition.__name__}: {value!r}"
        time.sleep(every)


def let_pass(seconds):
    """Time as part of the case: the age of a fault, the pace of a client. Never a wait for something to happen."""
    time.sleep(seconds)
