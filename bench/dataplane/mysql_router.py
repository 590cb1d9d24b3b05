"""MySQL Router as a contestant: it passes the bytes on (no TLS of its own, no sharing of connections), one thread."""

from sengu_e2e.proxy import ROOT

from .contestant import Program, first_line

HOME = ROOT / "build/servers/mysqlrouter9"

CONFIGURATION = """[DEFAULT]
logging_folder =
runtime_folder = {directory}
data_folder = {directory}
plugin_folder = {plugins}
max_total_connections = 9000
[logger]
level = warning
[io]
threads = 1
[routing:bench]
bind_address = {address}
bind_port = {port}
destinations = {server}:{port}
routing_strategy = first-available
protocol = classic
client_ssl_mode = PASSTHROUGH
server_ssl_mode = AS_CLIENT
connection_sharing = 0
max_connections = 9000
"""


class MySqlRouter(Program):
    name, host, kinds = "MySQL Router", 24, ("mysql",)

    @classmethod
    def why_not(cls):
        return None if cls.version() else "no MySQL Router: tests/support/unpack-mysql-router"

    @classmethod
    def version(cls):
        return first_line(HOME / "mysqlrouter", "--version")

    def arguments(self):
        configuration = self.directory / "router.conf"
        configuration.write_text(CONFIGURATION.format(directory=self.directory, plugins=HOME / "plugins", address=self.address,
                                                      port=self.port, server=self.server.address))
        return [HOME / "mysqlrouter", "-c", configuration]
