"""Counters and histograms that can be defined before it is known where their values are stored.

A metric counts in memory. After `prometheus_client.values.ValueClass` was replaced and `reset` called, it
counts in the files of this process (`backend.metrics.files`). The client library decides this only once, from
the environment, when it is imported, but our settings are read later.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import prometheus_client

M = TypeVar("M", prometheus_client.Counter, prometheus_client.Histogram)

OTHER = "other"
"""The label value of everything beyond `Metric.most` sets."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of a duration's buckets, in seconds."""


class Metric(ABC, Generic[M]):
    """A named metric. It has at most `most` sets of label values, so that a bug cannot fill the disk."""

    kind = ""

    def __init__(
        self,
        name: str,
        help: str,
        labels: Sequence[str] = (),
        *,
        known: Iterable[Sequence[str]] = (),
        most: int = 60,
    ) -> None:
        """*known* are sets of label values that start with 0, so that Prometheus sees their first increase."""
        self.name, self.help, self.label_names, self.most = name, help, tuple(labels), most
        self.known = [tuple(values) for values in known] if labels else [()]
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Start again at zero, in the place where the client library stores values now."""
        self._metric: M = self._make()
        self._children: dict[tuple[str, ...], M] = {}
        for values in self.known:
            self.labels(*values)

    def labels(self, *values: str) -> M:
        """Return the client library's metric for *values*, which are in the order of the label names."""
        try:
            return self._children[values]
        except KeyError:
            return self._add(values)

    def samples(self) -> dict[tuple[str, ...], float]:
        """Return the values of this process by label values, for tests. A histogram gives its counts."""
        sample_name = self.name if self.kind == "counter" else f"{self.name}_count"
        return {
            tuple(sample.labels[name] for name in self.label_names): sample.value
            for family in self._metric.collect()
            for sample in family.samples
            if sample.name == sample_name
        }

    def _add(self, values: tuple[str, ...]) -> M:
        with self._lock:
            full = len(self._children) >= self.most
            if full and values not in self._children:
                values = (OTHER,) * len(self.label_names)
            if values not in self._children:
                self._children[values] = self._metric.labels(*values) if self.label_names else self._metric
            return self._children[values]

    @abstractmethod
    def _make(self) -> M:
        """Return the client library's metric."""


class Counter(Metric[prometheus_client.Counter]):
    """Counts events. It never decreases, except to 0 at a restart."""

    kind = "counter"

    def inc(self, amount: float = 1) -> None:
        """Add *amount* to a counter without labels."""
        self.labels().inc(amount)

    def _make(self) -> prometheus_client.Counter:
        return prometheus_client.Counter(self.name, self.help, self.label_names, registry=None)


class Histogram(Metric[prometheus_client.Histogram]):
    """Counts durations in buckets, in seconds."""

    kind = "histogram"

    def observe(self, seconds: float) -> None:
        """Add one duration to a histogram without labels."""
        self.labels().observe(seconds)

    def _make(self) -> prometheus_client.Histogram:
        return prometheus_client.Histogram(
            self.name, self.help, self.label_names, registry=None, buckets=SECONDS
        )
