"""Add the certificates of the bundle on stdin that Debian, at a root directory, lacks to its local ones."""

import sys
from pathlib import Path

END = "-----END CERTIFICATE-----\n"

root = Path(sys.argv[1])
local = root / "usr/local/share/ca-certificates"
local.mkdir(parents=True, exist_ok=True)
known = (root / "etc/ssl/certs/ca-certificates.crt").read_text()
for number, certificate in enumerate(sys.stdin.read().split(END)):
    if certificate.strip() and certificate not in known:
        (local / f"machine-{number}.crt").write_text(certificate + END)
