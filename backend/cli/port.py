"""The web server's port: a port that is not free is told in one sentence, before anything starts."""

import socket

from backend.cli.refusal import CannotRun
from backend.settings import Settings


def require_free_port(settings: Settings) -> None:
    """Raise `CannotRun` if the web server cannot listen at SATCHEL_HOST and SATCHEL_PORT."""
    try:
        [*_, (family, kind, protocol, _, address)] = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # On some systems only `listen` finds that another program listens there.
            probe.listen(1)
    except OSError as error:
        raise CannotRun(
            f"the web server cannot listen at {settings.host} port {settings.port}: {error.strerror or error};"
            " stop the other program, or set SATCHEL_PORT and SATCHEL_HOST"
        ) from None
