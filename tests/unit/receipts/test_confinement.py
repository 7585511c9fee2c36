"""The confined process: what it cannot do, what happens when it fails, and that its words are not believed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import backend
from backend.receipts.checking import process
from backend.receipts.checking.process import CheckFailed, inspect
from backend.receipts.checking.refusals import Refusal
from tests.eventually import SECONDS
from tests.unit.receipts import pictures

ROOT = Path(backend.__file__).parent.parent
ATTEMPTS = {
    "read a file": "open('/etc/hostname').read()",
    "write a file": "open('/tmp/satchel-confined', 'w')",
    "delete a file": "__import__('os').unlink('/tmp/satchel-absent')",
    "start a program": "__import__('os').execv('/bin/true', ['true'])",
    "fork": "__import__('os').fork()",
    "open a socket": "__import__('socket').socket()",
    "open a socket pair": "__import__('socket').socketpair()",
    "kill another process": f"__import__('os').kill({os.getpid()}, 0)",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
}


def confined(code: str) -> str:
    """Run *code* in a confined process and return what it prints."""
    lines = f"""
import resource, socket, threading
from backend.receipts.checking import confinement
print(confinement.confine())
try:
    {code}
    print("done")
except (OSError, ValueError) as error:
    print(getattr(error, "errno", 1))
"""
    command = [sys.executable, "-c", lines]
    run = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, timeout=SECONDS, check=False
    )
    return run.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's; docs/receipts.md says what remains")
@pytest.mark.parametrize("code", ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_decoder_can_do_nothing_but_compute(code: str) -> None:
    walls, result = confined(code).splitlines()
    assert "seccomp" in walls
    assert result == "1"  # EPERM, also where nothing of that name exists


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_a_decoder_may_start_a_thread() -> None:
    code = "t = threading.Thread(target=print, args=('ran',)); t.start(); t.join()"
    assert confined(code).splitlines()[1:] == ["ran", "done"]


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_too_much_memory_is_refused_by_the_kernel() -> None:
    assert confined("bytearray(2 * 1024**3)").splitlines()[1:] == []


def checked(tmp_path: Path, data: bytes, kind: str, seconds: float = SECONDS) -> process.CheckResult:
    original = tmp_path / "original"
    original.write_bytes(data)
    return inspect(original, kind, tmp_path / "copies" / "copy", seconds=seconds)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pictures.with_metadata(), "image/jpeg"),
        (pictures.with_metadata("PNG"), "image/png"),
        (pictures.photograph("RGBA", "WEBP"), "image/webp"),
        (pictures.heic(), "image/heic"),
        (pictures.pdf(), "application/pdf"),
    ],
    ids=["jpeg", "png", "webp", "heic", "pdf"],
)
def test_each_type_is_read_behind_all_walls(tmp_path: Path, data: bytes, kind: str) -> None:
    result = checked(tmp_path, data, kind)
    assert result.refusal is None and result.walls[0] == "limits"
    copy = (tmp_path / "copies" / "copy").read_bytes()
    assert copy and b"SECRET" not in copy
    assert (tmp_path / "copies" / "copy").stat().st_mode & 0o777 == 0o600


def test_a_refusal_comes_out_as_its_code(tmp_path: Path) -> None:
    assert checked(tmp_path, pictures.png(50_000, 50_000), "image/png").refusal is Refusal.TOO_LARGE


def test_a_process_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="longer than 0 seconds"):
        checked(tmp_path, pictures.photograph(), "image/jpeg", seconds=0.01)


def test_a_decoder_that_crashes_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="ended with 1"):
        checked(tmp_path, b"x", "image/unknown")


def test_the_process_gets_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    popen = subprocess.Popen

    def spy(command: list[str], **how: object) -> object:
        given.append(how["env"])
        return popen(command, **how)

    monkeypatch.setattr(subprocess, "Popen", spy)
    monkeypatch.setenv("SATCHEL_DATABASE_URL", "postgresql://user:SECRET@host/db")
    checked(tmp_path, pictures.photograph(), "image/jpeg")
    assert [set(env) for env in given] == [{"PYTHONPATH", "LC_ALL"}]


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"[]",
        b"[" * 4000,
        b"x" * 5000,
        b'{"result": "checked", "media_type": "text/html", "walls": []}',
        b'{"result": "refused", "refusal": "call 555", "walls": []}',
        b'{"result": "good"}',
        b'{"result": "checked", "media_type": ["image/png"], "walls": []}',
    ],
)
def test_a_report_of_another_form_is_not_believed(report: bytes) -> None:
    with pytest.raises(CheckFailed):
        process._result_of(0, report)


def test_a_copy_of_another_type_than_reported_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie = process.CheckResult("application/pdf", None, ())
    monkeypatch.setattr(process, "_result_of", lambda code, report: lie)
    with pytest.raises(CheckFailed, match="not of the type"):
        checked(tmp_path, pictures.photograph(), "image/jpeg")


def test_a_link_in_place_of_a_receipt_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(pictures.photograph())
    (tmp_path / "link").symlink_to(tmp_path / "key")
    with pytest.raises(OSError, match="link"):
        inspect(tmp_path / "link", "image/jpeg", tmp_path / "copy")
