"""Hosts that are this machine, and how commands on this machine reach a server that listens on any host."""

import ipaddress

from sync_protocol.loopback import is_loopback

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
"""The address of the loopback interface, by the version of IP."""


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
    return f"{scheme}://{authority(_reachable(host.strip('[]')), port)}"


def _reachable(host: str) -> str:
    """Return *host*; the loopback interface for a host that stands for every interface."""
    if not host:
        return _LOOPBACK[4]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return _LOOPBACK[address.version] if address.is_unspecified else host
