"""Waiting for a condition, and watching that one does not come true: with deadlines, by polling."""

import time

from .resp import ReplyError


def eventually(condition, within=10.0, what="", every=0.005):
    """Polls until `condition()` is truthy and returns its value. An error (OSError, ReplyError) means: not yet."""
    deadline = time.monotonic() + within
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, ReplyError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what or condition.__name__} (last: {last!r})")
        time.sleep(every)


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
