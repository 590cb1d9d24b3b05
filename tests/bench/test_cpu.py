"""bench/dataplane/cpu.py: whose CPU a second was."""

import os
import threading
import time
from pathlib import Path

from dataplane.cpu import on_cpu
from sengu_e2e import eventually

SPENT = 0.2            # seconds


def spend():
    until = time.thread_time() + SPENT
    while time.thread_time() < until:
        pass


def test_a_thread_that_ended_still_counts():
    before = on_cpu([os.getpid()])
    thread = threading.Thread(target=spend)
    thread.start()
    thread.join()
    eventually(lambda: not Path(f"/proc/self/task/{thread.native_id}").exists(), what="the kernel has no such thread any more")
    assert on_cpu([os.getpid()]) - before >= SPENT
