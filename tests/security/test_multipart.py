"""Multipart bodies: no route takes them, and none parses one, whatever is in it."""

from importlib.metadata import version

import pytest
from flask import Request
from werkzeug.formparser import FormDataParser, MultiPartParser

from backend.api.routes import ROUTES
from tests.unit.api.installation import Phone

BOUNDARY = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="a%d"; filename="f"\r\n\r\n1\r\n'
BODIES = {
    "ten thousand parts": b"".join(PART % n for n in range(10_000)) + b"--x--\r\n",
    "an endless header": b"--x\r\nContent-Disposition: form-data; " + b"x" * 1_000_000,
    "no end": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"\r" * 100_000,
    "nothing": b"",
    "nested": b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_no_route_parses_a_multipart_body(phone: Phone, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: object, **options: object) -> None:
        raise AssertionError("a multipart body was parsed")

    monkeypatch.setattr(MultiPartParser, "parse", forbidden)
    monkeypatch.setattr(FormDataParser, "parse", forbidden)
    monkeypatch.setattr(Request, "_load_form_data", forbidden)
    for route in ROUTES:
        path = route.path.replace("<upload_id>", "01KBR9Z8Q5T0000000000000AA").replace("<sha256>", "a" * 64)
        reply = phone.ask(
            route.method, path.replace("<id>", "1"), data=BODIES[name], headers={"Content-Type": BOUNDARY}
        )
        assert reply.status_code < 500 or route.name == "readyz", (route.name, reply.status_code)


def test_werkzeug_is_newer_than_the_faults_of_its_parser() -> None:
    assert tuple(int(part) for part in version("werkzeug").split(".")[:2]) >= (3, 1)
