"""Connections to the webhook: only to public addresses, and to networks that the operator allows.

A name is resolved once. All of its addresses must be allowed, and the connection goes to one of those that were
checked, so that a second look-up cannot give another one. What the name looks like does not matter: `127.1`,
`0x7f.1`, `2130706433` and `::ffff:127.0.0.1` are all resolved to what they mean.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(httpcore.ConnectError):
    """The name leads to an address that is not allowed; nothing was sent."""


def embedded(address: Address) -> Address:
    """Return the IPv4 address inside *address* (mapped, 6to4 or NAT64), else *address*."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Say whether *address* is public, or in one of *networks*."""
    plain = embedded(address)
    if any(plain in network for network in networks):
        return True
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def resolve(host: str, port: int, networks: Iterable[Network]) -> str:
    """Return an address of *host*. Raises `AddressRefused` if one of its addresses is not allowed."""
    networks = tuple(networks)
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from None
    texts = [str(entry[4][0]).partition("%")[0] for entry in answers]
    for text in texts:
        if not is_allowed(ipaddress.ip_address(text), networks):
            raise AddressRefused(
                f"{host} is {text}, which is not a public address; if it is yours, add its network to "
                "SATCHEL_WEBHOOK_NETWORKS"
            )
    return texts[0]


class _Backend(httpcore.SyncBackend):
    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = resolve(host, port, self._networks)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)


class CheckedTransport(httpx.HTTPTransport):
    """The transport of httpx, without proxies, which connects to allowed addresses only."""

    def __init__(self, networks: Iterable[Network]) -> None:
        super().__init__(trust_env=False)
        self._pool.close()
        # httpx has no argument for this. TLS still checks the certificate against the name in the URL.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=_Backend(networks)
        )
