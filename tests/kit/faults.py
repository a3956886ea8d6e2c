"""Faults of the machine, its engine or its network, as the programs that tests run report them."""

import re

NETWORK_FAULT = re.compile(
    r"(?i)Connection (refused|reset|timed out|aborted|closed|broken)|Max retries exceeded|Read timed out|ReadTimeout"
    r"|RemoteDisconnected|Temporary failure in name resolution|Name or service not known|Could not resolve host"
    r"|failed to resolve|Network is unreachable|no route to host|TLS handshake timeout|i/o timeout|unexpected EOF"
    r"|IncompleteRead|HTTP Error 50[234]|50[234] (Bad Gateway|Service Unavailable|Gateway Time-?out)"
    r"|All attempts to connect to .* failed|Unable to fetch some archives|Failed to fetch http|Cannot connect to proxy"
    r"|\b(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH)\b"
)
"""Messages of pip, Poetry, requests, apt, Git, Docker and npm about a network that fails.

A test that fails with one of them runs again; see pytest_configure in tests/conftest.py.
"""

ENGINE_FAULT = re.compile(r"failed to prepare .*/\.tmp-committed\d+: no such file or directory")
"""Message of Docker about a layer that a parallel build has removed, https://github.com/moby/buildkit/issues/5469.

A test that fails with it runs again too.
"""

MACHINE_FAULT = re.compile(
    r"(?i)no space left on device|cannot allocate memory|Cannot connect to the Docker daemon|Too many open files"
)
"""Messages about a machine that fails. A second run would not help."""


def is_fault(message: str) -> bool:
    """Return whether a message reports a fault of the machine, the engine or the network."""
    return any(fault.search(message) for fault in (NETWORK_FAULT, ENGINE_FAULT, MACHINE_FAULT))
