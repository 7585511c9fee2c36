"""Which requests share the limit of one network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.api.rates.address import network_of
from tests.unit.api.installation import Installation


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("no address", "unknown"),
        ("999.1.1.1", "unknown"),
    ],
)
def test_the_network_of_an_address(address: str | None, network: str) -> None:
    assert network_of(address) == network


@given(host=st.integers(0, 2**64 - 1), subscriber=st.integers(0x2001 << 48, (0x2002 << 48) - 1))
def test_all_addresses_of_a_subscriber_are_one_network(host: int, subscriber: int) -> None:
    text = f"{(subscriber << 64) + host:032x}"
    address = ":".join(text[n : n + 4] for n in range(0, 32, 4))
    assert network_of(address) == network_of(address[:20] + "0:0:0:0")


def test_a_header_of_a_stranger_does_not_choose_its_address(installation: Installation) -> None:
    """Without SATCHEL_PROXIES the address is the peer's, whatever X-Forwarded-For says."""
    phone = installation.phone()
    body = {"code": "AAAAA-AAAAA-AAAAA", "public_key": phone.public_key, "device_name": "x"}

    def guess(n: int) -> int:
        headers = {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}"}
        headers |= phone.proven("/v1/enrol")
        return installation.client.post("/v1/enrol", json=body, headers=headers).status_code

    assert [guess(n) for n in range(25)] == [400] * 20 + [429] * 5
