"""HTTPS without a proxy: the settings that belong together, and the server that can do it."""

from pathlib import Path

import pytest

from backend.settings import SettingError, read_settings


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    for name in ("chain", "key"):
        (tmp_path / name).touch()
    return {"SATCHEL_TLS_CERTIFICATE": str(tmp_path / "chain"), "SATCHEL_TLS_KEY": str(tmp_path / "key")}


def test_with_a_certificate_the_server_is_reached_by_https(files: dict[str, str]) -> None:
    settings = read_settings(files | {"SATCHEL_WEB_SERVER": "granian", "SATCHEL_HOST": "0.0.0.0"})
    assert settings.local_url == "https://127.0.0.1:8000"


@pytest.mark.parametrize("missing", ["SATCHEL_TLS_CERTIFICATE", "SATCHEL_TLS_KEY"])
def test_certificate_and_key_belong_together(files: dict[str, str], missing: str) -> None:
    del files[missing]
    with pytest.raises(SettingError, match="set both, or neither"):
        read_settings(files | {"SATCHEL_WEB_SERVER": "granian"})


def test_gunicorn_needs_a_proxy(files: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="SATCHEL_WEB_SERVER=granian"):
        read_settings(files)


def test_a_file_that_is_missing_is_named(files: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="SATCHEL_TLS_KEY"):
        read_settings(files | {"SATCHEL_TLS_KEY": "/nowhere/key.pem"})
