"""`satchel doctor` loads only what it needs. Most of its time is imports, so modules are counted."""

import subprocess
import sys
from pathlib import Path

import pytest

MOST = 800
"""Modules of `doctor` with an embedded database and the flat-file connector: it was 1,104, and is 789 now."""
DOCTOR = """
import sys
from backend.cli.main import main
try:
    main(["doctor"], standalone_mode=False)
except SystemExit:
    pass
print(*sorted(sys.modules), file=sys.stderr)
"""
UNUSED = {
    "alembic", "boto3", "cryptography", "flask", "flask_sqlalchemy", "httpx", "jinja2", "jwt",
    "prometheus_client", "redis", "werkzeug",
}  # fmt: skip
"""Libraries of the web server, of the worker, and of what is not configured."""


def modules_of_doctor(folder: Path, **settings: str) -> set[str]:
    environ = {"SATCHEL_FOLDER": str(folder), "SATCHEL_ERP_FOLDER": str(folder / "erp"), **settings}
    for code in (
        "from backend.cli.main import main; main(['init'])",
        DOCTOR,
    ):
        process = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=600, check=True
        )
    assert "audit trail" in process.stdout, "doctor has examined the database"
    return set(process.stderr.split())


def test_doctor_loads_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    modules = modules_of_doctor(tmp_path)
    assert not modules & UNUSED
    assert len(modules) <= MOST


@pytest.mark.parametrize(
    ("settings", "library"),
    [
        ({"SATCHEL_METRICS_ADDRESS": "127.0.0.1:1"}, "prometheus_client"),
        ({"SATCHEL_REDIS_URL": "redis://127.0.0.1:1/0"}, "redis"),
        (
            {"SATCHEL_WEBHOOK_URL": "https://hooks.example/x", "SATCHEL_WEBHOOK_SECRET": "9f2c7d1ab04e6358"},
            "httpx",
        ),
    ],
)  # fmt: skip
def test_doctor_loads_the_library_of_what_is_configured(
    tmp_path: Path, settings: dict[str, str], library: str
) -> None:
    assert library in modules_of_doctor(tmp_path, **settings)
