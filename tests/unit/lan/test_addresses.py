"""The names and addresses of this machine."""

import ipaddress
import socket

import pytest

from backend.lan import addresses


def test_the_machine_has_an_address_or_says_that_it_is_in_no_network() -> None:
    try:
        address = addresses.lan_address()
    except addresses.NoAddress as error:
        assert "no network" in str(error)
    else:
        assert not ipaddress.ip_address(address).is_loopback


def test_without_a_network_the_machine_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_ELSEWHERE", ("127.0.0.1", 9))
    with pytest.raises(addresses.NoAddress):
        addresses.lan_address()


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Sales", ["sales", "sales.local", "localhost"]),
        ("sales.example.com", ["sales", "sales.local", "localhost"]),
        ("no_name", ["localhost"]),
        ("localhost", ["localhost", "localhost.local"]),
    ],
)
def test_the_names_of_the_machine(name: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert addresses.host_names() == names


@pytest.mark.parametrize(
    ("text", "is_name"),
    {"a": True, "a-b.c9": True, "-a": False, "a-": False, "a..b": False, "a b": False, "Ä": False, "": False,
     "a" * 64: False, "*.a": False}.items(),
)  # fmt: skip
def test_a_host_name_is_letters_digits_and_hyphens(text: str, is_name: bool) -> None:
    assert addresses.is_host_name(text) is is_name
