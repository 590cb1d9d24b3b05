"""bench/dataplane/haproxy.py: a peer is the one that the goals name, or it does not take part."""

import pytest
from dataplane.haproxy import Haproxy32


@pytest.mark.parametrize("version, taken", [
    ("HAProxy version 3.2.26-1 2026/10/14 - https://haproxy.org/", True),
    ("HAProxy version 3.20.1-1 2028/01/01 - https://haproxy.org/", False),
    ("HAProxy version 3.4.0-1 2027/01/01 - https://haproxy.org/", False),
    ("", False)])
def test_only_3_2_is_3_2(monkeypatch, version, taken):
    monkeypatch.setattr(Haproxy32, "version", classmethod(lambda cls: version))
    why_not = Haproxy32.why_not()
    assert (why_not is None) is taken
    assert taken or version in why_not
