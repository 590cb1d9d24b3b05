"""Certificates for tests: an authority of the test's own, and server certificates that name loopback addresses."""

import ssl
import subprocess
from pathlib import Path


class Authority:
    """`ca_file` is what clients verify with. Its certificates are good for 30 days."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ca_file, self._ca_key = self.directory / "ca.pem", self.directory / "ca-key.pem"
        _openssl("req", "-x509", *_new_key(self._ca_key), "-days", "30", "-subj", "/CN=sengu e2e authority",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.ca_file)

    def issue(self, name, *addresses):
        """(certificate file, key file) of a server that is reached at these IP addresses."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}-key.pem"
        request, names = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        _openssl("req", "-new", *_new_key(key), "-subj", f"/CN={name}", "-out", request)
        names.write_text("subjectAltName=" + ",".join(f"IP:{address}" for address in addresses) + "\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", self._ca_key, "-CAcreateserial",
                 "-days", "30", "-extfile", names, "-out", certificate)
        return certificate, key

    def verifying(self):
        """For a client that takes only certificates of this authority, for the address it connected to."""
        return ssl.create_default_context(cafile=self.ca_file)


def unverified():
    """For a client that wants TLS and takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _new_key(path):
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"
