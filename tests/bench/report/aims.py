"""The targets, most of them ratios of two figures, so that they can be compared between machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.parts import turns
from tests.bench.phone.data import CHINESE, ENGLISH
from tests.bench.report.app import keystroke_p95

Results = dict[str, Any]
FLAT = 1.1
"""Largest ratio that counts as flat, from the smallest data set to one a hundred times as large."""


@dataclass(frozen=True)
class Aim:
    """A target: *value* of the results is at most *limit* if *most*, otherwise at least *limit*."""

    what: str
    value: Callable[[Results], float]
    limit: float
    most: bool = True
    unit: str = ""
    spread: Callable[[Results], tuple[float, float]] | None = None
    """The quartiles of what *value* is the median of."""

    def row(self, results: Results) -> list[str] | None:
        """Return a row of the table, or None if the run did not measure it."""
        try:
            value = self.value(results)
        except (KeyError, ZeroDivisionError):
            return None
        met = value <= self.limit if self.most else value >= self.limit
        sign = "≤" if self.most else "≥"
        quartiles = f" ({between(*self.spread(results))})" if self.spread else ""
        return [
            self.what, f"{value:.2f}{self.unit}{quartiles}", f"{sign} {self.limit:g}{self.unit}",
            "met" if met else "**missed**",
        ]  # fmt: skip


def between(lower: float, upper: float) -> str:
    """Return the quartiles of a ratio as the tables have them."""
    return f"{lower:.2f} to {upper:.2f}"


def _paired(what: str, part: str, figure: str, above: str, below: str, limit: float, most: bool = True) -> Aim:
    """Return the aim for the ratio of a *figure* of two systems, which were measured by turns."""

    def pair(results: Results) -> tuple[Any, Any]:
        return results["main"][above][part], results["main"][below][part]

    return Aim(
        what,
        lambda results: turns.ratio(*pair(results), figure),
        limit,
        most,
        spread=lambda results: turns.spread(*pair(results), figure),
    )


def _slow(figure: str) -> Callable[[Results], float]:
    return lambda r: r["slow"]["satchel"][figure] / r["slow"]["static"][figure]


def _growth(part: str, figure: str) -> Callable[[Results], float]:
    def ratio(results: Results) -> float:
        sizes = [size for size, figures in results["growth"].items() if "satchel" in figures]
        if len(sizes) < 2:
            raise KeyError("one size does not grow")
        smallest, largest = (results["growth"][size]["satchel"][part] for size in (sizes[0], sizes[-1]))
        return turns.ratio(largest, smallest, figure)

    return ratio


AIMS = (
    _paired(
        "orders pushed a second over the hand-written one's, one phone",
        "push1", "orders_per_second", "satchel", "handwritten", 2.5, most=False,
    ),
    _paired("… two phones at once", "push2", "orders_per_second", "satchel", "handwritten", 2.3, most=False),
    _paired(
        "server CPU of a pushed order over the hand-written one's",
        "push1", "server_cpu", "satchel", "handwritten", 0.4,
    ),
    Aim(
        "database's CPU of an order on a fresh database, highest later thousand over the first",
        lambda r: r["fresh"]["growth"], FLAT,
    ),
    _paired(
        "delta after 1 % changed: p50 over the hand-written one's",
        "delta", "p50", "satchel", "handwritten", 0.2,
    ),
    _paired(
        "idle polls a second over the hand-written one's",
        "idle", "polls_per_second", "satchel", "handwritten", 4.5, most=False,
    ),
    _paired("… under granian", "idle", "polls_per_second", "granian", "handwritten", 7, most=False),
    _paired("first sync on loopback: time over the static file's", "first", "seconds", "satchel", "static", 1),
    Aim(
        "first sync: server CPU per 1,000 rows",
        lambda r: r["main"]["satchel"]["first"]["server_cpu_per_1000"] * 1000, 1.8, unit=" ms",
    ),
    _paired(
        "first sync: server CPU per row, Kinto's over Satchel's",
        "first", "server_cpu_per_1000", "kinto", "satchel", 20, most=False,
    ),
    Aim("first sync at 250 kbit/s: time over the static file's", _slow("seconds"), 0.8),
    Aim("first sync at 250 kbit/s: bytes over the static file's", _slow("bytes"), 0.75),
    Aim("orders forwarded a second over what the ERP can take", lambda r: r["drain"]["share"], 0.8, most=False),
    Aim("workers' CPU to forward an order", lambda r: r["drain"]["worker_cpu"] * 1000, 10, unit=" ms"),
    Aim("statements to forward an order", lambda r: r["forward"]["statements"], 16),
    Aim("CPU of `satchel --help`", lambda r: r["commands"]["help"]["cpu"], 0.12, unit=" s"),
    Aim("CPU of `satchel doctor`", lambda r: r["commands"]["doctor"]["cpu"], 0.9, unit=" s"),
    Aim("server memory at a first sync, largest data set over smallest", _growth("first", "web_peak"), FLAT),
    Aim("a fixed delta's p50, largest data set over smallest", _growth("fixed", "p50"), FLAT),
    Aim("an idle poll's server CPU, largest data set over smallest", _growth("idle", "server_cpu"), FLAT),
    Aim(
        "phone app: first screen usable at 250 kbit/s and 400 ms",
        lambda r: r["app"]["first_screen"]["emulated"]["seconds"], 8, unit=" s",
    ),
    Aim("… its bytes", lambda r: r["app"]["first_screen"]["emulated"]["bytes"] / 1000, 60, unit=" kB"),
    Aim("phone app: everything offline", lambda r: r["app"]["offline_bytes"] / 1000, 200, unit=" kB"),
    Aim(
        "phone app: a search's key, p95, processor 6× slower, English",
        lambda r: keystroke_p95(r["app"], ENGLISH), 50, unit=" ms",
    ),
    Aim("… Chinese", lambda r: keystroke_p95(r["app"], CHINESE), 50, unit=" ms"),
    Aim(
        "… during a sync over a slow line, over that without a sync",
        lambda r: r["app"]["syncing"]["syncing"]["p95"] / r["app"]["syncing"]["quiet"]["p95"], FLAT,
    ),
    Aim(
        "phone app: cold start without a server to a search's results",
        lambda r: r["app"]["offline_start"]["seconds"], 1.5, unit=" s",
    ),
)  # fmt: skip


def rows(results: Results) -> Iterator[list[str]]:
    """Yield the rows of the table of targets for which the run has figures."""
    for aim in AIMS:
        row = aim.row(results)
        if row:
            yield row
