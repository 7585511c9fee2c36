"""`satchel certificate` and `satchel serve --lan`: a phone in the local network reaches the server by HTTPS."""

import os
import re
import ssl
import sys
from pathlib import Path

import httpx
import pytest

from backend.lan import addresses, certificate
from tests.eventually import SECONDS
from tests.services.process import ServerProcess, free_port
from tests.unit.cli.place import Place

ROOT = Path(__file__).parents[3]


@pytest.fixture
def in_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "lan_address", lambda: "192.168.7.20")


@pytest.mark.usefixtures("in_a_network")
def test_the_command_says_what_to_install(place: Place) -> None:
    first = place.run("certificate", "depot.local")
    assert first.exit_code == 0, first.output
    assert "192.168.7.20" in first.output and "depot.local" in first.output
    assert "tls/ca.pem on each phone:" in first.output
    assert re.search(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", first.output)
    assert "those that have it need nothing" in place.run("certificate", "depot.local").output


@pytest.mark.usefixtures("in_a_network")
def test_the_fingerprint_is_printed_as_phones_show_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`:AB:` and `:CD:` are also names of emoji."""
    fingerprint = ":".join(["AB", "CD"] * 16)
    monkeypatch.setattr(certificate, "fingerprint", lambda authority: fingerprint)
    assert fingerprint in place.run("certificate").output


@pytest.mark.usefixtures("in_a_network")
@pytest.mark.parametrize("name", ["http://sales", "sales/..", "sales\n", "*.example.com", ""])
def test_a_name_that_is_none_is_refused(place: Place, name: str) -> None:
    result = place.run("certificate", name)
    assert result.exit_code == 2 and "neither an address nor a host name" in result.output
    assert not (place.folder / "instance" / "tls").exists()


def test_without_a_network_the_command_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_ELSEWHERE", ("127.0.0.1", 9))
    result = place.run("certificate")
    assert result.exit_code == 2 and "connect it to the network that the phones use" in result.output


def test_a_phone_reaches_the_server_by_https(place: Place) -> None:
    """The sample company, as `make phone` runs it; a client trusts the authority alone."""
    port, log = free_port(), place.folder / "serve.log"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(place.folder),
        "SATCHEL_PORT": str(port),
        **place.environ,
    }
    command = [sys.executable, "-m", "backend.cli", "serve", "--lan", "--only", "web"]
    assert place.run("init", "--sample").exit_code == 0
    server = ServerProcess(command, log, env=environ | {"PYTHONPATH": str(ROOT)}, folder=place.folder)
    authority = place.folder / "instance" / "tls" / "ca.pem"

    def answers() -> bool:
        if not authority.exists():
            return False
        trusting = ssl.create_default_context(cafile=authority)
        try:
            return httpx.get(f"https://localhost:{port}/livez", verify=trusting, trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        server.wait_ready(answers, SECONDS)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"https://localhost:{port}/livez", trust_env=False, timeout=SECONDS)
    finally:
        server.stop()
