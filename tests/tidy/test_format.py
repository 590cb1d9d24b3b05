"""The tree is formatted as .clang-format says, by clang-format 14 (Debian 12's)."""

import subprocess

from test_tree import ROOT, check, cpp


def test_format():
    ran = subprocess.run(["clang-format", "--dry-run", "-Werror", *cpp()], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    bad = sorted({line.split(": error:")[0] for line in ran.stderr.splitlines() if ": error:" in line})
    check([f"{place}: run: clang-format -i $(git ls-files '*.cpp' '*.hpp')" for place in bad])
    assert ran.returncode == 0, ran.stderr
