"""How this machine reaches its own server, whatever host that listens on."""

import pytest

from backend.settings.this_machine import local_url


@pytest.mark.parametrize(
    ("host", "url"),
    {
        "127.0.0.1": "http://127.0.0.1:8000",
        "0.0.0.0": "http://127.0.0.1:8000",
        "": "http://127.0.0.1:8000",
        "::": "http://[::1]:8000",
        "[::]": "http://[::1]:8000",
        "::1": "http://[::1]:8000",
        "[2001:db8::7]": "http://[2001:db8::7]:8000",
        "sales.example.com": "http://sales.example.com:8000",
    }.items(),
)
def test_a_server_is_reached_at_a_url_that_can_be_read(host: str, url: str) -> None:
    assert local_url(host, 8000) == url
