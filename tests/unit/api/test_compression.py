"""Compression by the weights of Accept-Encoding: a refused coding is never sent, the preferred one is."""

import pytest
from werkzeug.test import TestResponse

from tests.unit.api.installation import Installation, Phone


def pulled(phone: Phone, accepted: str) -> TestResponse:
    return phone.pull(headers={"Accept-Encoding": accepted})


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("zstd, br, gzip", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("zstd; q=0.1, gzip; q=0.9", "gzip"),
        ("gzip; q=1.0", "gzip"),
        ("br;q=0.5, identity;q=0", "br"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("zstd;q=0, br;q=0, gzip;q=0", None),
        ("*;q=0", None),
        ("*;q=0.5, zstd;q=0", "br"),
        ("gzip, *;q=0", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("gzip;q=many", None),
        ("compress, x-gzip", None),
    ],
)
def test_the_weights_of_accept_encoding_choose_the_coding(
    phone: Phone, accepted: str, coding: str | None
) -> None:
    reply = pulled(phone, accepted)
    assert (reply.status_code, reply.headers.get("Content-Encoding")) == (200, coding)
    assert reply.headers["Vary"] == "Accept-Encoding"


def test_a_request_without_accept_encoding_is_not_compressed(installation: Installation) -> None:
    phone = installation.phone()
    assert "Content-Encoding" not in phone.pull().headers
