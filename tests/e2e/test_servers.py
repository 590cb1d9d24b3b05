"""Which server the tests run on: the wrong program must not pass for the one that was asked for."""

import os
import subprocess

from sengu_e2e.redis_server import program


def test_the_server_is_the_one_that_was_asked_for(world):
    (server,) = world.redis(count=1).nodes
    name, version = server.release()
    if asked := os.environ.get("SENGU_REDIS_RELEASE"):   # "valkey 9", from tests/CMakeLists.txt
        assert [name, version.split(".")[0]] == asked.split()
    shown = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    assert shown.lower().startswith(f"{name} server v={version} ")
