"""Under which name the requests of one network are counted.

Separate from the limits, because it decides who shares one: an IPv4 address, or the /64 of an IPv6 address, in
which one subscriber may choose among 2**64 addresses (RFC 6177, RFC 4291 section 2.5.4).
"""

from ipaddress import IPv4Address, ip_address, ip_network

SUBSCRIBER_BITS = 64


def network_of(address: str | None) -> str:
    """Return the name of the network of *address*, the peer's or the one that a trusted proxy states.

    An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address. A text that is no address
    shares one name with all others of its kind.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, SUBSCRIBER_BITS), strict=False))
