"""The modules of bench/ are found as its commands find them."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))


def command(name):
    """A command of bench/ as a module."""
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module       # its dataclasses look themselves up there
    loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bench_run():
    return command("run")


@pytest.fixture(scope="session")
def bench_nodes():
    return command("nodes")
