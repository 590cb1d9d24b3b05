"""Data directories: a template made once for each server version, and copies of it where the server's user may go.

MySQL and MariaDB refuse to run as root, so root starts them as nobody, who cannot enter pytest's folders: the data live in
a folder named after the process that made it, in memory where there is room for that (a test starts half a dozen servers of
hundreds of files each), or else in /tmp. Knows no running server.
"""

import contextlib
import fcntl
import functools
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .mysql_flavour import ROOT

SERVERS = ROOT / "build/servers"
PLACES = [Path("/dev/shm"), Path("/tmp")]   # for data, best first
ROOM = 4 << 30   # bytes that must be free in the first; two groups of three took 170 MB
_scratch_name = re.compile(r"sengu-sql-(\d+)-")


@functools.cache
def privileges(program):
    """Options of setpriv with which to start the program; none but for root."""
    if os.geteuid() != 0:
        return []
    nobody = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    if subprocess.run(["setpriv", *nobody, "test", "-x", program], check=False).returncode == 0:
        return nobody
    return [*nobody, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]   # a tree in /root


def new_scratch():
    """A folder for a server's data and its socket (whose path has to be short), which the server's user owns."""
    _sweep()
    memory, disk = PLACES
    place = memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else disk
    directory = Path(tempfile.mkdtemp(prefix=f"sengu-sql-{os.getpid()}-", dir=place))
    if os.geteuid() == 0:
        shutil.chown(directory, "nobody", "nogroup")
    return directory


def _sweep():
    """Removes what a test left behind that was killed itself."""
    for path in itertools.chain.from_iterable(place.glob("sengu-sql-*") for place in PLACES):
        maker = _scratch_name.match(path.name)
        if maker and not Path(f"/proc/{maker[1]}").exists():
            shutil.rmtree(path, ignore_errors=True)


def copy_template(flavour, data):
    """A data directory with the users root (socket only), repl, monitor, app, and test.w; without any GTID."""
    SERVERS.mkdir(parents=True, exist_ok=True)
    with _locked(SERVERS / "template.lock"):
        template = _template(flavour)
    subprocess.run(["cp", "-a", "--sparse=always", template, data], check=True)


def _template(flavour):
    users = ";\n".join(flavour.users()) + ";\n"
    recipe = repr((flavour.version()[1], users, flavour.initialise("DATA", "USERS")))
    made = SERVERS / f"template-{flavour.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if not made.exists():
        for older in SERVERS.glob(f"template-{flavour.name}-*"):
            shutil.rmtree(older)
        _make_template(flavour, users, made)
    return made


def _make_template(flavour, users, made):
    scratch, partial = new_scratch(), made.with_name(made.name + ".partial")
    try:
        data, statements, log = scratch / "data", scratch / "users.sql", SERVERS / f"template-{flavour.name}.log"
        statements.write_text(users)
        statements.chmod(0o644)
        command = [str(word) for word in flavour.initialise(data, statements)]
        with open(log, "wb") as out:
            made_it = subprocess.run(["setpriv", *privileges(flavour.server()), *command], stdin=subprocess.DEVNULL,
                                     stdout=out, stderr=out, cwd="/", timeout=120, check=False)
        assert made_it.returncode == 0, f"{' '.join(command)}: exit status {made_it.returncode}\n{log.read_text()[-3000:]}"
        flavour.forget_identity(data)
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["cp", "-a", data, partial], check=True)
        partial.rename(made)
    finally:
        shutil.rmtree(scratch)


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
