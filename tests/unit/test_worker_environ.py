"""The doorbell's process gets the settings of its parent."""

from pathlib import Path

import pytest

from backend.settings import read_settings, to_environ


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"SATCHEL_CORS_ORIGINS": "https://app.example.com,http://127.0.0.1:3000"},
        {"SATCHEL_REDIS_URL": "redis://127.0.0.1:1/0", "SATCHEL_ERP_FOLDER": "/srv/erp"},
    ],
)
def test_a_child_process_reads_the_settings_of_its_parent(variables: dict[str, str], tmp_path: Path) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), **variables})
    assert read_settings(to_environ(settings)) == settings
