"""The default number of web processes."""

import pytest

from backend import settings
from backend.settings import read_settings

POSTGRES = {"SATCHEL_DATABASE_URL": "postgresql+psycopg://satchel@localhost/satchel"}


@pytest.mark.parametrize(("processors", "processes"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_on_postgresql_there_is_one_a_processor_as_far_as_its_connections_go(
    processors: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "_cpus", lambda: processors)
    assert read_settings(POSTGRES).web_processes == processes


def test_whoever_says_how_many_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_cpus", lambda: 2)
    assert read_settings({**POSTGRES, "SATCHEL_WEB_PROCESSES": "7"}).web_processes == 7


def test_on_sqlite_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_cpus", lambda: 8)
    assert read_settings({}).web_processes == 1


def test_a_process_counts_the_cpus_that_it_may_use() -> None:
    assert settings._cpus() >= 1
