"""The standby's setting is refused where there can be no standby."""

from pathlib import Path

import pytest

from backend.settings import SettingError, read_settings


def test_the_embedded_database_has_no_standby(tmp_path: Path) -> None:
    for database in ("", "sqlite:///x.sqlite"):
        with pytest.raises(SettingError, match="SATCHEL_STANDBY_URL"):
            read_settings(
                {
                    "SATCHEL_DATABASE_URL": database,
                    "SATCHEL_STANDBY_URL": "postgresql+psycopg://u@h/d",
                }
            )
    with pytest.raises(SettingError, match="SATCHEL_STANDBY_URL"):
        read_settings(
            {"SATCHEL_DATABASE_URL": "postgresql+psycopg://u@h/d", "SATCHEL_STANDBY_URL": "sqlite:///x"}
        )
