"""HAProxy that finds the master by tcp-check, and three Sentinels that make one: what sengu is measured against.

The fastest settings that are still safe: down-after 1000 ms (less makes Sentinel fail over on a busy master's pause),
quorum 2, checks each 100 ms with on-marked-down shutdown-sessions, and a client that reconnects at once.
"""

import shutil

from sengu_e2e import eventually
from sengu_e2e.clients import leads_to
from sengu_e2e.redis_server import spawn
from sengu_e2e.resp import ask

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
  tcp-check send PING\\r\\n
  tcp-check expect string +PONG
  tcp-check send info\\ replication\\r\\n
  tcp-check expect string role:master
  tcp-check send QUIT\\r\\n
  tcp-check expect string +OK
  default-server check inter 100ms fastinter 100ms downinter 100ms rise 1 fall 2 on-marked-down shutdown-sessions
  timeout check 500ms
"""


class HaproxyWithSentinels:
    name = "HAProxy + 3 Sentinels"
    has_goals = False

    def __init__(self, block, directory, group):
        self.vip = f"{block}.10"
        self.directory, self.group = directory, group
        self.sentinels = [f"{block}.{host}" for host in (21, 22, 23)]
        self.processes = []

    def start(self):
        if not shutil.which("haproxy"):
            raise SystemExit("bench/failover: haproxy is missing: deploy/install-deps bench")
        for address in self.sentinels:
            directory = self.directory / f"sentinel-{address}"
            directory.mkdir(parents=True)
            conf = directory / "sentinel.conf"
            conf.write_text(SENTINEL.format(address=address, directory=directory, master=self.group.nodes[0].address))
            self.processes.append(spawn(["redis-server", conf, "--sentinel"], directory / "log"))
        conf = self.directory / "haproxy.cfg"
        servers = "".join(f"  server {node.address} {node.name}\n" for node in self.group.nodes)
        conf.write_text(HAPROXY.format(vip=self.vip) + servers)
        self.processes.append(spawn(["haproxy", "-db", "-f", conf], self.directory / "haproxy.log"))
        for address in self.sentinels:
            eventually(lambda a=address: self.knows_all(a), 30, f"Sentinel {address} knows all")
        master = self.group.nodes[0].address
        eventually(lambda: leads_to(self.vip, timeout=1) == master, 10, "HAProxy leads to the master")

    def knows_all(self, address):
        for process in self.processes:
            assert process.poll() is None, f"{process.args} ended with {process.returncode}: {self.log()}"
        master = ask(address, "SENTINEL", "MASTER", "g", port=26379)
        fields = dict(zip(master[::2], master[1::2]))
        return fields["num-slaves"] == "2" and fields["num-other-sentinels"] == "2"

    def log(self):
        return "\n".join(log.read_text()[-2000:] for log in self.directory.glob("sentinel-*/log"))

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
