"""Whether a server listens."""

import socket


def listens(port: int) -> bool:
    """Say whether a server listens on 127.0.0.1:*port*."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
