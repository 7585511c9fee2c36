"""The counts of one process: windows, and a bounded memory."""

from limits import RateLimitItemPerMinute

from backend.api.rates.counts import Counts, limit_of
from backend.api.rates.local_counts import MAX_KEYS, LocalCounts


class Time:
    """A clock in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_million_addresses_take_the_memory_of_a_few_thousand() -> None:
    counts = LocalCounts(Time())
    for n in range(1_000_000):
        counts.incr(str(n), 60)
    assert len(counts) == MAX_KEYS
    assert counts.get("999999") == 1 and counts.get("0") == 0


def test_a_window_begins_with_its_first_event_and_ends() -> None:
    time = Time()
    counts = Counts(LocalCounts(time), None, time)
    limit = limit_of("test ", RateLimitItemPerMinute(2))
    assert [counts.hit(limit, "a") for _ in range(3)] == [0, 0, 60]
    time.now += 59.5
    assert counts.hit(limit, "a") == 1
    assert counts.hit(limit, "b") == 0
    time.now += 0.5
    assert counts.hit(limit, "a") == 0


def test_a_clock_that_is_put_back_does_not_lengthen_a_window() -> None:
    time = Time()
    counts = Counts(LocalCounts(time), None, time)
    limit = limit_of("test ", RateLimitItemPerMinute(1))
    assert [counts.hit(limit, "a") for _ in range(2)] == [0, 60]
    time.now -= 10_000
    assert [counts.hit(limit, "a") for _ in range(2)] == [0, 60]


def test_the_storage_forgets_what_it_is_told_to_forget() -> None:
    counts = LocalCounts(Time())
    counts.incr("a", 60, amount=5)
    counts.incr("b", 60)
    counts.clear("a")
    assert (counts.get("a"), counts.get("b"), counts.check()) == (0, 1, True)
    assert (counts.reset(), len(counts)) == (1, 0)
