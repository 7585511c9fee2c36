"""The webhook goes to public addresses and allowed networks only, whatever form the address has."""

import datetime as dt
import ipaddress
import socket
from typing import Any

import httpcore
import pytest

from backend.delivery.alerts import outbound
from backend.delivery.alerts.notifiers import NotSent
from backend.delivery.alerts.outbound import AddressRefused, embedded, is_allowed, resolve
from backend.delivery.alerts.webhook import Webhook
from backend.settings import SettingError, read_settings
from tests.unit.delivery.alerts.receivers import WebReceiver, serving
from tests.unit.delivery.alerts.settings import by_webhook

REFUSED = [
    "127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "localhost", "0",
    "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "169.254.169.254",
    "0xa9fea9fe", "::ffff:169.254.169.254", "100.64.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "198.18.0.1",
    "224.0.0.1", "255.255.255.255", "fe80::1", "fc00::1", "ff02::1", "240.0.0.1",
]  # fmt: skip


class Message:
    id, owner, subject = "1", "it", "x"

    def as_json(self, now: dt.datetime) -> bytes:
        return b"{}"


NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize("host", REFUSED)
def test_addresses_that_are_not_public_are_refused_in_every_form(host: str) -> None:
    with pytest.raises((AddressRefused, httpcore.ConnectError)) as raised:
        resolve(host, 443, ())
    # A form that this system does not resolve cannot be reached at all.
    assert isinstance(raised.value, AddressRefused) or "cannot be resolved" in str(raised.value)


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_allowed(ipaddress.ip_address(text), ())


def test_an_allowed_network_holds_in_its_mapped_form_too() -> None:
    networks = (ipaddress.ip_network("10.1.0.0/16"),)
    assert is_allowed(ipaddress.ip_address("::ffff:10.1.2.3"), networks)
    assert not is_allowed(ipaddress.ip_address("10.2.0.1"), networks)
    assert embedded(ipaddress.ip_address("2002:a01:203::")) == ipaddress.ip_address("10.1.2.3")


def answer(*addresses: str) -> Any:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]


def test_one_private_address_of_a_name_is_enough_to_refuse_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: answer("8.8.8.8", "192.168.1.1"))
    with pytest.raises(AddressRefused, match=r"hooks.example is 192.168.1.1.*SATCHEL_WEBHOOK_NETWORKS"):
        resolve("hooks.example", 443, ())


def test_a_name_that_changes_its_address_is_connected_to_the_checked_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([answer("8.8.8.8"), answer("127.0.0.1")])
    connected: list[str] = []
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *a, **k: next(answers))

    def connect_tcp(self: Any, host: str, *rest: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("no")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
    settings = read_settings(
        {"SATCHEL_WEBHOOK_URL": "https://rebinding.example/", "SATCHEL_WEBHOOK_SECRET": "9f2c7d1ab04e6358"}
    )
    with pytest.raises(NotSent):
        Webhook(settings).send(Message(), NOW)
    assert connected == ["8.8.8.8"]


def test_nothing_is_sent_to_a_private_address_that_is_not_allowed() -> None:
    url = "http://127.0.0.1:9/hook"
    settings = read_settings({"SATCHEL_WEBHOOK_URL": url, "SATCHEL_WEBHOOK_SECRET": "9f2c7d1ab04e6358"})
    with pytest.raises(NotSent, match="SATCHEL_WEBHOOK_NETWORKS"):
        Webhook(settings).send(Message(), NOW)


def test_networks_are_read_strictly() -> None:
    with pytest.raises(SettingError, match=r"10\.0\.0\.1/8 has host bits set"):
        read_settings({"SATCHEL_WEBHOOK_NETWORKS": "10.0.0.1/8"})


def test_a_redirect_is_not_followed_and_counts_as_not_sent() -> None:
    with serving(WebReceiver()) as receiver:
        receiver.status = 302
        with pytest.raises(NotSent, match="302"):
            Webhook(by_webhook(receiver)).send(Message(), NOW)
    assert len(receiver.posts) == 1
