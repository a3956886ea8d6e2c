"""A private package index over HTTPS, whose certificate is of an authority that no machine knows."""

import base64
import hashlib
import re
import secrets
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.kit.commands import run
from tests.kit.private_index import Index
from tests.kit.servers import serving

CA = "corporate-ca.crt"
"""The file with the authority's certificate, as docs/networks.md names it."""


def make_certificate(folder: Path) -> None:
    """Make a certificate authority, and a certificate of it for this machine: server.crt and server.key."""
    key = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    run(*key, "-subj", "/CN=Corporate", *usage, "-keyout", folder / "ca.key", "-out", folder / CA)
    authority = ("-CA", folder / CA, "-CAkey", folder / "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    run(*key, *names, *authority, "-keyout", folder / "server.key", "-out", folder / "server.crt")


def page(packages: Path, name: str) -> bytes:
    """Return the page of a package, with a link to each of its files."""
    links = []
    for file in sorted(packages.iterdir()):
        if re.sub("[-_.]+", "-", file.name.split("-")[0]).lower() == name:
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            links.append(f'<a href="/packages/{file.name}#sha256={digest}">{file.name}</a>')
    return "\n".join(links).encode()


@contextmanager
def serve_securely(folder: Path, packages: Path) -> Iterator[Index]:
    """Serve an index that pip and Poetry may cache, but only for the same login: their caches then hold the password.

    Args:
        folder: Where the certificates are put.
        packages: The files that it has.

    Yields:
        Where it is, and how to log in.
    """
    make_certificate(folder)
    user, password = f"user-{secrets.token_hex(8)}", secrets.token_hex(16)
    login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        """Answers a known user with a page or a file."""

        def do_GET(self) -> None:
            """Send the page or the file at the path."""
            if self.headers["Authorization"] != login:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="packages"')
                self.end_headers()
                return
            kind, name = self.path.strip("/").split("/")
            file = packages / name
            content = page(packages, name) if kind == "simple" else b""
            size = file.stat().st_size if kind == "packages" else len(content)
            self.send_response(200 if size else 404)
            self.send_header("Content-Type", "text/html" if kind == "simple" else "application/octet-stream")
            self.send_header("Content-Length", str(size))
            self.send_header("Cache-Control", "max-age=3600")
            self.send_header("Vary", "Authorization")
            self.end_headers()
            self.wfile.write(content)
            if kind == "packages":
                with file.open("rb") as body:
                    shutil.copyfileobj(body, self.wfile)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with serving(Handler, context) as port:
        # By its name: pip 25.1 fails with an address ("check_hostname requires server_hostname").
        yield Index(f"https://localhost:{port}/simple", user, password)
