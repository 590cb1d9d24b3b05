"""The machine and the contestants in words, for who reads the figures later. No name of a host."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

from sengu_e2e.proxy import ROOT

from .contestant import first_line

MYSQLD = ROOT / "build/servers/mysql9/mysqld"


def describe(contestants):
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "cpu": f"{os.cpu_count()} x {cpu_model()}", "memory": f"{memory:.0f} GiB",
            "virtual": said("systemd-detect-virt") or "unknown", "kernel": platform.release(),
            "system": release(), "compiler": first_line("g++", "--version"),
            "redis-server": first_line("redis-server", "--version"),
            "mysqld": first_line(MYSQLD, "--no-defaults", "--version").replace(f"{ROOT}/", ""), "sysbench": first_line("sysbench", "--version"),
            **{who.name: who.version() for who in contestants if who.version()}, **tree()}


def tree():
    """The commit of this tree, where it is one."""
    commit = said("git", "-C", str(ROOT), "describe", "--always", "--dirty") if (ROOT / ".git").exists() else ""
    return {"tree": commit} if commit else {}


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def release():
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return "unknown"


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except OSError:
        return ""
