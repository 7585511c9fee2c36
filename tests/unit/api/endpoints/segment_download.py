"""An installation with a CDN and a large stream, and the download of its segment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from backend.clock import ManualClock
from backend.settings import read_settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.segments.company import customers

BASE = "https://cdn.example.com"


@pytest.fixture
def large(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    """An installation with a CDN, and 600 customers that R1 may read and R2 may not."""
    settings = read_settings(
        {"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_SEGMENT_BASE_URL": BASE + "/"}
    )
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as installation:
        yield installation


@pytest.fixture
def phone(large: Installation) -> Phone:
    return large.phone()


def offered_segment(phone: Phone) -> dict:
    (segment,) = json.loads(phone.pull(query={"schema": 2}).data)["segments"]
    return segment


def download(phone: Phone, name: str, **headers: str) -> TestResponse:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return phone.ask("GET", f"/v1/segments/{name}", headers=named)


def problem(reply: TestResponse) -> tuple[int, str]:
    return reply.status_code, reply.headers["Satchel-Error"]
