"""Waits: full jitter below a ceiling that doubles, or that the operator's pattern sets."""

import random

import pytest

from backend.delivery.connector_profile import configured_backoff
from backend.retry import Backoff, pattern_of
from backend.settings import SettingError, read_settings


def test_a_wait_is_random_between_zero_and_the_ceiling() -> None:
    draw = random.Random(7).random
    backoff = Backoff(5.0, 900.0, random=draw)
    waits = [backoff.wait(3).total_seconds() for _ in range(1_000)]
    tenths = {int(wait / 4.0) for wait in waits}
    assert tenths == set(range(10)), "every tenth of 0 to 40 seconds is drawn, the first included"


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    backoff = Backoff(5.0, 900.0)
    assert [backoff.ceiling(n) for n in (0, 1, 2, 7, 8, 1_000_000)] == [5, 10, 20, 640, 900, 900]


def test_a_pattern_gives_the_wait_for_each_attempt() -> None:
    settings = read_settings({"SATCHEL_RETRY_PATTERN": "1:10, 5:60,10:900.5"})
    assert settings.retry_pattern == ("1:10", "5:60", "10:900.5")
    backoff = configured_backoff(settings)
    assert [backoff.ceiling(n) for n in (0, 3, 4, 8, 9, 1_000)] == [10, 10, 60, 60, 900.5, 900.5]
    assert backoff.wait(4).total_seconds() <= 60
    assert pattern_of(()) == ()


@pytest.mark.parametrize(
    "wrong", ["10", "2:10", "1:x", "1:10,1:20", "1:10,5:60,3:9", "1:0", "0:5", "1:-3", "a:3"]
)
def test_an_invalid_pattern_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(SettingError, match="SATCHEL_RETRY_PATTERN"):
        read_settings({"SATCHEL_RETRY_PATTERN": wrong})


def test_retry_after_is_capped_at_a_day() -> None:
    assert Backoff(5.0, 900.0).wait(0, 1e9).total_seconds() == 86_400
    assert Backoff(5.0, 900.0).wait(0, -5).total_seconds() == 0
