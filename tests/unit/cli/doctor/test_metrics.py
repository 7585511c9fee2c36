"""What `satchel doctor` says of metrics."""

import socket
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest

from tests.services.process import free_port
from tests.services.serving import serving
from tests.unit.cli.conftest import Satchel


def doctor_lines(satchel: Satchel, address: str) -> str:
    lines = satchel("doctor", SATCHEL_METRICS_ADDRESS=address).output.splitlines()
    return "\n".join(line for line in lines if "metrics" in line)


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of another program, which answers everything with 200."""

    def app(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello\n"]

    with serving(make_server("127.0.0.1", 0, app)) as url:
        yield url.removeprefix("http://")


def test_doctor_says_that_metrics_are_off_by_default(satchel: Satchel) -> None:
    assert "none: SATCHEL_METRICS_ADDRESS is empty" in doctor_lines(satchel, "")


def test_doctor_reports_metrics_that_nobody_serves(satchel: Satchel) -> None:
    address = f"127.0.0.1:{free_port()}"
    text = doctor_lines(satchel, address)
    assert f"http://{address}/metrics does not answer" in text and "start `satchel serve`" in text
    assert "warning" in text and "error" not in text


def test_doctor_reports_a_metrics_port_used_by_another_program(satchel: Satchel, stranger: str) -> None:
    text = doctor_lines(satchel, stranger)
    assert f"another program answers at http://{stranger}/metrics" in text and "error" in text


def test_doctor_reports_an_unwritable_metrics_folder(satchel: Satchel, tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance/metrics").write_text("in the way")
    assert "until then nothing is counted" in doctor_lines(satchel, f"127.0.0.1:{free_port()}")


@pytest.mark.parametrize(("host", "warned"), [("192.0.2.1", True), ("127.0.0.1", False), ("localhost", False)])
def test_doctor_warns_of_a_public_metrics_address(satchel: Satchel, host: str, warned: bool) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        text = doctor_lines(satchel, f"{host}:{taken.getsockname()[1]}")
    assert (f"other machines can reach {host}" in text) == warned
