"""Hosts that are this machine, and how commands on this machine reach a server that listens on any host."""

from sync_protocol.loopback import is_loopback

_EVERY_INTERFACE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on  # nosec B104
"""Hosts on which a server listens on every interface, and where to reach it from this machine."""


def is_this_machine(host: str) -> bool:
    """Return whether *host* is this machine, so that nothing crosses a network. A path is a local socket."""
    return not host or host.startswith("/") or is_loopback(host)


def authority(host: str, port: int | str) -> str:
    """Return *host* and *port* as in a URL: an IPv6 address in brackets (RFC 3986, section 3.2.2)."""
    plain = host.strip("[]")
    return f"[{plain}]:{port}" if ":" in plain else f"{plain}:{port}"


def local_url(host: str, port: int | str, scheme: str = "http") -> str:
    """Return the URL, without a path, at which this machine reaches a server that listens on *host*.

    An IPv6 address may be in brackets.
    """
    plain = host.strip("[]")
    return f"{scheme}://{authority(_EVERY_INTERFACE.get(plain, plain), port)}"
