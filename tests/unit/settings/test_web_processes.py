"""The default number of web processes."""

import pytest

from backend import settings
from backend.settings import read_settings

POSTGRES = {"SATCHEL_DATABASE_URL": "postgresql+psycopg://satchel@localhost/satchel"}


@pytest.mark.parametrize(("processors", "processes"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_postgresql_has_a_web_process_per_processor_within_its_connections(
    processors: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "_cpus", lambda: processors)
    assert read_settings(POSTGRES).web_processes == processes


def test_a_setting_sets_the_number_of_web_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_cpus", lambda: 2)
    assert read_settings({**POSTGRES, "SATCHEL_WEB_PROCESSES": "7"}).web_processes == 7


def test_sqlite_has_one_web_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_cpus", lambda: 8)
    assert read_settings({}).web_processes == 1


def test_a_process_counts_the_cpus_that_it_may_use() -> None:
    assert settings._cpus() >= 1
