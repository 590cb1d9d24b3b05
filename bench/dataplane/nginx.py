"""nginx with its stream module as a contestant."""

from pathlib import Path

from .contestant import Program, first_line

MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")

# One process, which is the worker: a worker of a master that was killed would live on.
CONFIGURATION = """load_module {module};
daemon off;
master_process off;
pid {directory}/pid;
error_log stderr warn;
events {{ worker_connections 19000; }}
stream {{
  server {{
    listen {address}:{port} backlog=65535;
    proxy_pass {server}:{port};
    proxy_connect_timeout 5s;
    proxy_timeout 1h;
  }}
}}
"""


class Nginx(Program):
    name, host, kinds = "nginx", 23, ("redis",)

    @classmethod
    def why_not(cls):
        return None if cls.version() and MODULE.exists() else "no nginx with stream: deploy/install-deps bench"

    @classmethod
    def version(cls):
        return first_line("/usr/sbin/nginx", "-v")

    def arguments(self):
        configuration = self.directory / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(module=MODULE, directory=self.directory, address=self.address,
                                                      port=self.port, server=self.server.address))
        return ["/usr/sbin/nginx", "-e", "stderr", "-c", configuration]
