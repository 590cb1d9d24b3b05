"""Certificates of a test's own, and what servers, sengu and clients make of them."""

import ssl
import subprocess
from pathlib import Path


class Certificates:
    """A folder of them (tests/support/make-certificates): for servers at `addresses`, and for clients."""

    def __init__(self, directory, addresses):
        self.directory = Path(directory)
        maker = Path(__file__).resolve().parents[1] / "make-certificates"
        subprocess.run([maker, self.directory, *addresses], check=True)

    def file(self, name):
        return str(self.directory / name)

    def redis_options(self, port):
        """Nothing but TLS, between the servers too; every client must show a certificate."""
        return ["--port", 0, "--tls-port", port, "--tls-replication", "yes", "--tls-auth-clients", "yes",
                "--tls-ca-cert-file", self.file("ca.pem"), "--tls-cert-file", self.file("server.pem"),
                "--tls-key-file", self.file("server.key")]

    def group_keys(self):
        """Of sengu's configuration."""
        return {"tls": "verify", "ca_file": self.file("ca.pem"), "cert_file": self.file("client.pem"),
                "key_file": self.file("client.key")}

    def client_context(self):
        """A client that checks the server's name and shows a certificate of its own."""
        context = ssl.create_default_context(cafile=self.file("ca.pem"))
        context.load_cert_chain(self.file("client.pem"), self.file("client.key"))
        return context

    def careless_context(self):
        """For the test itself: it also talks to a server with a wrong certificate."""
        context = self.client_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
