"""Where other machines of the local network reach this one."""

import ipaddress
import re
import socket

_ELSEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): the system finds the route to it, and nothing is sent."""
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)


class NoAddress(RuntimeError):
    """This machine has no address in a local network."""


def lan_address() -> str:
    """Return this machine's IPv4 address in the network that it uses; raises `NoAddress`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            address = str(probe.getsockname()[0])
        except OSError as error:
            raise NoAddress(f"this machine is in no network ({error.strerror or error})") from None
    if ipaddress.ip_address(address).is_loopback:
        raise NoAddress("this machine is in no network")
    return address


def host_names() -> list[str]:
    """Return the names of this machine: its own, the one that mDNS gives it (RFC 6762), and `localhost`."""
    name = socket.gethostname().split(".", 1)[0].lower()
    own = [name, f"{name}.local"] if is_host_name(name) else []
    return list(dict.fromkeys([*own, "localhost"]))


def is_host_name(text: str) -> bool:
    """Say whether *text* is a host name (RFC 1123, section 2.1) in lower case."""
    return _HOST_NAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Say whether *text* is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_local(address: str) -> bool:
    """Say whether *address* is in one of `LOCAL_NETWORKS`; raises ValueError if it is no address."""
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in LOCAL_NETWORKS)


LOCAL_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"""Loopback, private and link-local networks (RFC 1918, 3927, 4193, 4291)."""
