"""Measures by how much a metric of this process grows."""

from typing import Any

from backend.metrics.metric import Metric


class Change:
    """How much more a metric says than when this was made."""

    def __init__(self, metric: Metric[Any]) -> None:
        self.metric, self.before = metric, metric.samples()

    def __call__(self) -> dict[tuple[str, ...], float]:
        growth = {of: value - self.before.get(of, 0) for of, value in self.metric.samples().items()}
        return {of: value for of, value in growth.items() if value}
