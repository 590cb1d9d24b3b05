"""What a group of Redis servers, sengu and clients make of certificates when they speak nothing but TLS."""

import ssl
from pathlib import Path

from .tls import Authority


class Certificates:
    """Of one authority, for servers at `addresses` and for clients; and of a stranger's, for the same addresses.

    Each of `server`, `client`, `strange_server`, `strange_client` is (certificate file, key file).
    """

    def __init__(self, directory, addresses):
        self.authority, stranger = Authority(directory), Authority(Path(directory) / "stranger")
        self.server, self.strange_server = (ca.issue("server", *addresses) for ca in (self.authority, stranger))
        self.client, self.strange_client = (ca.issue("client", *addresses) for ca in (self.authority, stranger))

    def redis_options(self, port):
        """TLS between the servers too; every client must show a certificate."""
        certificate, key = self.server
        return ["--port", 0, "--tls-port", port, "--tls-replication", "yes", "--tls-auth-clients", "yes",
                "--tls-ca-cert-file", self.authority.ca_file, "--tls-cert-file", certificate, "--tls-key-file", key]

    def group_keys(self):
        """Of sengu's configuration."""
        certificate, key = map(str, self.client)
        return {"tls": "verify", "ca_file": str(self.authority.ca_file), "cert_file": certificate, "key_file": key}

    def client_context(self):
        """A client that checks the server's address and shows a certificate of its own."""
        context = self.authority.verifying()
        context.load_cert_chain(*self.client)
        return context

    def careless_context(self):
        """For the test itself: it also talks to a server with a wrong certificate."""
        context = self.client_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
