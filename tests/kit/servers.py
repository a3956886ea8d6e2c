"""Web servers of the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler], context: SSLContext | None = None) -> Iterator[int]:
    """Answer requests on this machine.

    Args:
        handler: Answers a request.
        context: Holds the certificate if the server speaks HTTPS.

    Yields:
        The port.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
