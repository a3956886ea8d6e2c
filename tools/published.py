"""Print the option of Copier by which a copy from this clone records its remote address: `make new`. Standard library only.

Another machine lacks the folder of the clone.
"""

import re
from pathlib import Path
from subprocess import CalledProcessError

from tools.repository import ROOT, git

HOST = re.compile(r"(?!file:)([\w.+-]{2,}:|[^/\\]+@)")
"""Starts an address of a host, as in extensions/addresses.jinja."""


def published_address(folder: Path = ROOT) -> str | None:
    """Return the remote address of a clone, without credentials, or None if the remote lacks the commit."""
    try:
        address = git("remote", "get-url", "origin", folder=folder).strip()
    except CalledProcessError:
        return None
    is_remote = git("branch", "--remotes", "--contains", "HEAD", "--list", "origin/*", folder=folder)
    if not HOST.match(address) or not is_remote or git("status", "--porcelain", folder=folder):
        return None
    return re.sub(r"(?<=^https://)[^/@]*@", "", address)


if __name__ == "__main__" and (found := published_address()):
    print(f"--data=_src_path={found}")
