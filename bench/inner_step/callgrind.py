"""One step of sengu_inner_step under callgrind: instructions per message, and the key under which such counts compare."""

import os
import re
import shutil
import subprocess

from sengu_e2e.proxy import ROOT, binary

# What of the data plane is driven, and with how many messages. The names are those of main.cpp.
STEPS = {
    "relay": ("Relay::ready: 64 bytes, a request and its reply in turn", 10_000),
    "session": ("Session::ready: the same with state, route and counters", 10_000),
    "turn": ("ReadySet: the same, 50 sessions at once", 10_000),
    "stream": ("Relay::ready: 64 KiB of a stream, spliced", 2_000),
}
PROGRAM = binary().parent / "sengu_inner_step"
RESULTS = ROOT / "build/bench/instructions"
LONGEST = 120                        # seconds that one step may take
BARE = {"PATH": os.defpath}          # of the environment nothing may change a count: preloads, tunables, valgrind's options


def why_not():
    if not PROGRAM.exists():
        return f"{PROGRAM} is not built: cmake --preset release && cmake --build --preset release"
    return None if shutil.which("valgrind") else "no valgrind: deploy/install-deps test"


def key():
    """Counts are compared only between builds and machines of the same one."""
    versions = dict(line.split(" ", 1) for line in said(PROGRAM, "versions").splitlines())
    versions["valgrind"] = said("valgrind", "--version").strip().removeprefix("valgrind-")
    return ", ".join(f"{name} {' '.join(version.split())}" for name, version in sorted(versions.items()))


def count(step):
    """Instructions per message, outside of the kernel. The file for callgrind_annotate stays in RESULTS."""
    messages = STEPS[step][1]
    RESULTS.mkdir(parents=True, exist_ok=True)
    found = RESULTS / f"{step}.callgrind"
    said("valgrind", "-q", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=counted_step",
         f"--callgrind-out-file={found}", PROGRAM, step, str(messages))
    instructions = int(re.search(r"^totals: (\d+)$", found.read_text(), re.MULTILINE)[1])
    if instructions < messages:
        raise RuntimeError(f"{instructions} instructions for {messages} messages: callgrind did not see counted_step()")
    return round(instructions / messages, 2)


def said(*command):
    """Raises RuntimeError with what it said on stderr where it failed."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, env=BARE, cwd="/", check=False)
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {run.stderr.strip() or run.returncode}")
    return run.stdout
