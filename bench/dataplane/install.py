"""Everything that a run needs and this machine may not have: packages, peers from Debian unstable, and the sengu that is measured."""

import os
import subprocess
import sys

from sengu_e2e.proxy import ROOT

FROM_UNSTABLE = {"HAProxy 3.2": "tests/support/unpack-haproxy", "MySQL Router": "tests/support/unpack-mysql-router"}


def everything(contestants, kinds):
    """Of what these contestants and servers ("redis", "mysql") need. Raises CalledProcessError."""
    call("deploy/install-deps", "bench")
    if "mysql" in kinds:
        call("tests/support/unpack-mysql")
    for who in contestants:
        if who.name in FROM_UNSTABLE:
            call(FROM_UNSTABLE[who.name])
    if "SENGU_BINARY" not in os.environ:      # also where there is one: it may be of an older tree
        call("cmake", "--preset", "release")
        call("cmake", "--build", "--preset", "release", "--target", "sengu")


def call(*command):
    """All of it on stderr: stdout is for the tables."""
    print("bench/run:", *command, file=sys.stderr, flush=True)
    subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)
