"""Host names and addresses that are the loopback interface, so that nothing crosses a network."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine: `localhost`, a name below it (RFC 6761), or a loopback address.

    An IPv6 address may be in brackets. Other spellings of an address, such as 127.1, are not.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
