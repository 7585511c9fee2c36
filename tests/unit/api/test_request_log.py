"""Logs and addresses: one line per request, and proxies are trusted as far as the settings say."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from backend import logs
from backend.clock import ManualClock
from backend.settings import read_settings
from tests.unit.api.installation import install


def logged(message: str, *arguments: Any, **fields: Any) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.Logger("satchel.test")
    logger.addHandler(handler)
    logger.error(message, *arguments, **fields)
    return stream.getvalue()


def test_a_line_break_in_a_message_forges_no_line() -> None:
    text = logged('fine\n{"level":"info","message":"%s"}', "forged\r\n")
    assert text.count("\n") == 1
    assert json.loads(text)["message"].startswith("fine\n")


def test_a_log_line_has_its_request_id_and_error() -> None:
    with logs.fields(request_id="abc"), logs.fields(rep="R1"):
        try:
            raise RuntimeError("broken")
        except RuntimeError:
            line = json.loads(logged("failed", exc_info=True, extra={"status": 500}))
    assert (line["request_id"], line["rep"], line["status"], line["level"]) == ("abc", "R1", 500, "error")
    assert "RuntimeError: broken" in line["exception"]
    assert "request_id" not in json.loads(logged("outside"))


@pytest.mark.parametrize(("proxies", "believed"), [("0", False), ("1", True)])
def test_a_forwarded_address_counts_only_behind_a_proxy(
    tmp_path: Path, clock: ManualClock, proxies: str, believed: bool
) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_PROXIES": proxies})
    with install(settings, clock) as installation:
        phone = installation.phone()
        body = {"code": "AAAAA-AAAAA-AAAAA", "public_key": phone.public_key, "device_name": "x"}
        statuses = [
            installation.client.post(
                "/v1/enrol",
                json=body,
                headers={"X-Forwarded-For": f"192.0.2.{n}", **phone.proven("/v1/enrol")},
            ).status_code
            for n in range(25)
        ]
    assert (429 not in statuses) == believed
