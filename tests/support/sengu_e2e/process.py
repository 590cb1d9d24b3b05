"""A process under test, a server or sengu: started, killed, frozen, its log. Knows nothing of what it says on its ports."""

import os
import signal
import subprocess


def spawn(arguments, log, privileges=(), **options):
    """A child that dies with this process, and not before it by the terminal's Ctrl-C.

    setpriv (util-linux) execs: the pid is the child's own. `privileges`: more of its options.
    """
    with open(log, "ab") as out:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *privileges, *map(str, arguments)],
                                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **options)


def open_files(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


class Process:
    """The heir has a `name` and a `log`, a Path. `process`: its Popen, None before the first launch()."""

    process, stopped = None, False
    ends_within = 15.0   # seconds after SIGTERM

    def launch(self, arguments, privileges=(), **options):
        self.process = spawn(arguments, self.log, privileges, **options)
        self.stopped = False

    @property
    def running(self):
        """Also while it is frozen."""
        return self.process is not None and self.process.poll() is None

    @property
    def alive(self):
        return self.running and not self.stopped

    def must_run(self):
        assert self.running, f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}"

    def kill(self):
        """kill -9, and until the kernel has closed its sockets."""
        if self.running:
            self.process.kill()
            self.process.wait()
        self.stopped = False

    def pause(self):
        """SIGSTOP. The threads of a busy server stand still some ms later."""
        self.process.send_signal(signal.SIGSTOP)
        self.stopped = True

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def shut_down(self):
        """SIGTERM, as an init system stops it. A Redis server waits up to shutdown-timeout for its replicas."""
        self.process.terminate()
        self.process.wait(self.ends_within)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])
