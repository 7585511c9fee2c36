"""Commands beside `make run` use the settings of the sample company, unless they have an ERP of their own."""

from pathlib import Path

import pytest

from backend.cli import sample_settings
from backend.settings import SettingError

SAMPLE = {
    "SATCHEL_ERP_FOLDER": "instance/erp",
    "SATCHEL_PORT": "8080",
    "SATCHEL_PUBLIC_URL": "http://127.0.0.1:8080",
}


def test_saved_settings_complete_the_environment(tmp_path: Path) -> None:
    sample_settings.save(tmp_path, {**SAMPLE, "HOME": "/root", "SATCHEL_DATABASE_URL": "sqlite://"})
    assert sample_settings.with_sample(tmp_path, {}) == SAMPLE
    assert sample_settings.with_sample(tmp_path, {"SATCHEL_PORT": "9000"}) == {**SAMPLE, "SATCHEL_PORT": "9000"}


@pytest.mark.parametrize("own", [{"SATCHEL_CONNECTOR": "tryton"}, {"SATCHEL_ERP_FOLDER": "/srv/erp"}])
def test_an_erp_of_ones_own_is_never_mixed_with_the_sample(tmp_path: Path, own: dict[str, str]) -> None:
    sample_settings.save(tmp_path, SAMPLE)
    assert sample_settings.with_sample(tmp_path, own) == own


def test_without_a_sample_nothing_is_added(tmp_path: Path) -> None:
    assert sample_settings.with_sample(tmp_path, {"A": "b"}) == {"A": "b"}


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"SATCHEL_PORT": 8080}', b"\xff"])
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / sample_settings.NAME).write_bytes(content)
    with pytest.raises(SettingError, match="delete it"):
        sample_settings.with_sample(tmp_path, {})
