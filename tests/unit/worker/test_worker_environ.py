"""The doorbell's process gets the settings of its parent."""

from pathlib import Path

import pytest

from backend.settings import read_settings, to_environ


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"SATCHEL_CORS_ORIGINS": "https://app.example.com,http://127.0.0.1:3000"},
        {"SATCHEL_REDIS_URL": "redis://127.0.0.1:1/0", "SATCHEL_ERP_FOLDER": "/srv/erp"},
    ],
)
def test_what_a_child_reads_is_what_its_parent_has(more: dict[str, str], tmp_path: Path) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), **more})
    assert read_settings(to_environ(settings)) == settings
