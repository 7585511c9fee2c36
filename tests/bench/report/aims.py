"""The aims, each a ratio of two figures, so that they can be compared between machines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
FLAT = 1.25
"""Largest ratio that counts as flat, from the smallest data set to one a hundred times as large."""


@dataclass(frozen=True)
class Aim:
    """An aim: *ratio* of the results is at most *limit* if *most*, otherwise at least *limit*."""

    what: str
    ratio: Callable[[Results], float]
    limit: float
    most: bool = True

    def row(self, results: Results) -> list[str] | None:
        """Return a row of the table, or None if the run did not measure it."""
        try:
            value = self.ratio(results)
        except (KeyError, ZeroDivisionError):
            return None
        met = value <= self.limit if self.most else value >= self.limit
        sign = "≤" if self.most else "≥"
        return [self.what, f"{value:.2f}", f"{sign} {self.limit:g}", "met" if met else "**missed**"]


def _main(part: str, figure: str, above: str, below: str) -> Callable[[Results], float]:
    return lambda r: r["main"][above][part][figure] / r["main"][below][part][figure]


def _slow(figure: str) -> Callable[[Results], float]:
    return lambda r: r["slow"]["satchel"][figure] / r["slow"]["static"][figure]


def _growth(part: str, figure: str) -> Callable[[Results], float]:
    def ratio(results: Results) -> float:
        sizes = [size for size, figures in results["growth"].items() if "satchel" in figures]
        smallest, largest = (results["growth"][size]["satchel"] for size in (sizes[0], sizes[-1]))
        if len(sizes) < 2:
            raise KeyError("one size does not grow")
        return float(largest[part][figure] / smallest[part][figure])

    return ratio


AIMS = (
    Aim(
        "first sync on loopback: time over the static file's",
        _main("first", "seconds", "satchel", "static"), 1.2,
    ),
    Aim("first sync at 250 kbit/s: time over the static file's", _slow("seconds"), 0.8),
    Aim("first sync at 250 kbit/s: bytes over the static file's", _slow("bytes"), 0.75),
    Aim(
        "first sync: server CPU per row, Kinto's over Satchel's",
        _main("first", "server_cpu_per_1000", "kinto", "satchel"), 20, most=False,
    ),
    Aim(
        "delta after 1 % changed: p50 over the hand-written one's",
        _main("delta", "p50", "satchel", "handwritten"), 0.25,
    ),
    Aim(
        "idle polls a second over the hand-written one's",
        _main("idle", "polls_per_second", "satchel", "handwritten"), 4, most=False,
    ),
    Aim(
        "orders pushed a second over the hand-written one's",
        _main("push", "orders_per_second", "satchel", "handwritten"), 2, most=False,
    ),
    Aim("orders forwarded a second over what the ERP can take", lambda r: r["drain"]["share"], 0.8, most=False),
    Aim("server memory at a first sync, largest data set over smallest", _growth("first", "web_peak"), FLAT),
    Aim("a fixed delta's p50, largest data set over smallest", _growth("fixed", "p50"), FLAT),
    Aim("an idle poll's server CPU, largest data set over smallest", _growth("idle", "server_cpu"), FLAT),
)  # fmt: skip


def rows(results: Results) -> Iterator[list[str]]:
    """Yield the rows of the table of aims for which the run has figures."""
    for aim in AIMS:
        row = aim.row(results)
        if row:
            yield row
