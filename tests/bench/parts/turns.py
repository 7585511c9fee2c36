"""Measuring by turns: every round measures each system once, so that all of them meet the same machine.

A figure is the median of the rounds. A ratio of two systems is the median of the rounds' ratios.
"""

import statistics
from collections.abc import Callable, Mapping
from typing import Any

Figures = dict[str, Any]


def by_turns(rounds: int, measures: Mapping[str, Callable[[int], Figures]]) -> dict[str, Figures]:
    """Call each of *measures* once a round, with the round's number; return the medians by name.

    Each second round goes through them in reverse, so that none is always behind the same other.
    """
    results: dict[str, list[Figures]] = {name: [] for name in measures}
    for n in range(rounds):
        for name in list(measures) if n % 2 == 0 else reversed(measures):
            results[name].append(measures[name](n))
    return {name: medians(figures) for name, figures in results.items()}


def medians(rounds: list[Figures]) -> Figures:
    """Return the median of each figure, and under `rounds` the figures themselves."""
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]} | {"rounds": rounds}


def ratio(above: Figures, below: Figures, figure: str) -> float:
    """Return the median of the rounds' ratios of *figure*; both were measured by the same turns."""
    return statistics.median(_ratios(above, below, figure))


def spread(above: Figures, below: Figures, figure: str) -> tuple[float, float]:
    """Return the lower and the upper quartile of the rounds' ratios of *figure*."""
    ratios = _ratios(above, below, figure)
    if len(ratios) < 2:
        return ratios[0], ratios[0]
    lower, _, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return lower, upper


def _ratios(above: Figures, below: Figures, figure: str) -> list[float]:
    return [float(a[figure]) / b[figure] for a, b in zip(above["rounds"], below["rounds"], strict=True)]
