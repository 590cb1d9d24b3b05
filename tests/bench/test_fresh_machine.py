"""bench/run on a machine that has nothing installed yet but Python itself: it has to come as far as installing."""

import os
import subprocess
from pathlib import Path

BENCH_RUN = Path(__file__).resolve().parents[2] / "bench/run"


def test_it_starts_without_pymysql(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pymysql'] = None\n")
    started = subprocess.run([BENCH_RUN, "--help"], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True,
                             text=True, timeout=20, check=False)
    assert started.returncode == 0, started.stderr
    assert "point-select-16" in started.stdout
