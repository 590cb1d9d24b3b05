"""What sengu is measured against: three Sentinels that promote, and two ways for clients to find the master.

The fastest settings that are still safe: down-after 1000 ms (less makes Sentinel fail over on a busy master's pause),
quorum 2, failover-timeout 10 s (the default, 180 s, is how long it waits before it tries again what failed), checks each
100 ms with on-marked-down shutdown-sessions, and a client that reconnects at once.
"""

import shutil
import socket

from sengu_e2e import Connection, eventually
from sengu_e2e.clients import Worker, leads_to
from sengu_e2e.process import spawn
from sengu_e2e.resp import ReplyError, ask

SENTINEL = """port 26379
bind {address}
dir {directory}
protected-mode no
sentinel announce-ip {address}
sentinel monitor g {master} 6379 2
sentinel down-after-milliseconds g 1000
sentinel failover-timeout g 10000
sentinel parallel-syncs g 2
"""

HAPROXY = """global
  maxconn 1000
defaults
  mode tcp
  timeout connect 200ms
  timeout queue 100ms
  retries 0
  timeout client 1h
  timeout server 1h
listen redis
  bind {vip}:6379
  option tcp-check
{login}  tcp-check send PING\\r\\n
  tcp-check expect string +PONG
  tcp-check send info\\ replication\\r\\n
  tcp-check expect string role:master
  tcp-check send QUIT\\r\\n
  tcp-check expect string +OK
  default-server check inter 100ms fastinter 100ms downinter 100ms rise 1 fall 2 on-marked-down shutdown-sessions
  timeout check 500ms
"""

HAPROXY_LOGIN = """  tcp-check send AUTH\\ {password}\\r\\n
  tcp-check expect string +OK
"""


class Sentinels:
    """Three of them, for one group. Who uses them knows where clients go."""

    has_goals = False

    def __init__(self, block, directory, group, **_):
        self.directory, self.group = directory, group
        self.password = group.nodes[0].password
        self.addresses = [f"{block}.{host}" for host in (21, 22, 23)]
        self.processes = []

    def launch(self):
        for address in self.addresses:
            directory = self.directory / f"sentinel-{address}"
            directory.mkdir(parents=True)
            conf = directory / "sentinel.conf"
            login = f"sentinel auth-pass g {self.password}\n" if self.password else ""
            conf.write_text(SENTINEL.format(address=address, directory=directory, master=self.group.nodes[0].address)
                            + login)
            self.processes.append(spawn(["redis-server", conf, "--sentinel"], directory / "log"))

    def wait_ready(self):
        replicas = self.group.nodes[0].info()["connected_slaves"]
        for address in self.addresses:
            eventually(lambda a=address: self.knows_all(a, replicas), 30, f"Sentinel {address} knows all")
        master = self.group.nodes[0].address
        eventually(lambda: leads_to(*self.address(), timeout=1, password=self.password) == master, 10,
                   "clients are led to the master")

    def knows_all(self, address, replicas):
        for process in self.processes:
            assert process.poll() is None, f"{process.args} ended with {process.returncode}: {self.log()}"
        master = ask(address, "SENTINEL", "MASTER", "g", port=26379)
        fields = dict(zip(master[::2], master[1::2]))
        return fields["num-slaves"] == replicas and fields["num-other-sentinels"] == "2"

    def log(self):
        return "\n".join(log.read_text()[-4000:] for log in self.directory.glob("sentinel-*/log"))

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


class HaproxyWithSentinels(Sentinels):
    """HAProxy leads clients to whoever says role:master."""

    name = "HAProxy + 3 Sentinels"

    def __init__(self, block, directory, group, **settings):
        super().__init__(block, directory, group, **settings)
        self.vip = f"{block}.10"

    def address(self):
        return self.vip, 6379

    def serve(self, writers):
        pass

    def launch(self):
        if not shutil.which("haproxy"):
            raise SystemExit("haproxy is missing: deploy/install-deps bench")
        super().launch()
        conf = self.directory / "haproxy.cfg"
        login = HAPROXY_LOGIN.format(password=self.password) if self.password else ""
        servers = "".join(f"  server {node.address} {node.name}\n" for node in self.group.nodes)
        conf.write_text(HAPROXY.format(vip=self.vip, login=login) + servers)
        self.processes.append(spawn(["haproxy", "-db", "-f", conf], self.directory / "haproxy.log"))


class SentinelClients(Sentinels):
    """Clients by the book: before each connect they ask a Sentinel and let the server confirm its role, and they leave
    their connection when a Sentinel says +switch-master."""

    name = "3 Sentinels, clients ask them"

    def __init__(self, block, directory, group, **settings):
        super().__init__(block, directory, group, **settings)
        self.ears = []

    def address(self):
        for sentinel in self.addresses:
            try:
                host, port = ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "g", port=26379, timeout=0.5)
                break
            except (OSError, ReplyError):
                continue
        else:
            raise ConnectionError("no Sentinel answers")
        if ask(host, "ROLE", port=int(port), timeout=0.5, password=self.password)[0] != "master":
            raise ConnectionError(f"{host} is no master yet")
        return host, int(port)

    def serve(self, writers):
        for sentinel in self.addresses:
            ear = eventually(lambda a=sentinel: SwitchEar(a, writers), 10, f"Sentinel {sentinel} can be subscribed to")
            self.ears.append(ear.start())

    def stop(self):
        for ear in self.ears:
            ear.abandon()
        super().stop()


class SwitchEar(Worker):
    """Subscribed to one Sentinel. Who is connected elsewhere than to the new master is sent to ask again."""

    def __init__(self, sentinel, writers):
        super().__init__()
        self.writers = writers
        self.connection = Connection(sentinel, 26379, timeout=None)
        self.connection.command("SUBSCRIBE", "+switch-master")

    def turn(self):
        _, _, text = self.connection.read()
        new_master = text.split()[3]
        for writer in self.writers:
            if writer.connected_to != new_master:
                writer.interrupt()

    def interrupt(self):
        self.connection.socket.shutdown(socket.SHUT_RDWR)
