"""Counters and histograms that are defined before it is known where their values are kept.

A metric counts in memory until `reset` is called after `prometheus_client.values.ValueClass` was replaced; from
then on it counts in this process's files (`backend.metrics.files`). The client library decides that once, from
the environment, when it is imported; our settings are read later.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import prometheus_client

M = TypeVar("M", prometheus_client.Counter, prometheus_client.Histogram)

OTHER = "other"
"""Every label value of what exceeds `Metric.most`."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of a duration's buckets, in seconds."""


class Metric(ABC, Generic[M]):
    """A metric by name. It keeps at most `most` sets of label values, so that no mistake can fill a disk."""

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
        """*known* are sets of label values that begin at zero, so that a first increase is one."""
        self.name, self.help, self.label_names, self.most = name, help, tuple(labels), most
        self.known = [tuple(values) for values in known] if labels else [()]
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Begin at zero, where the client library keeps values now."""
        self._metric: M = self._make()
        self._children: dict[tuple[str, ...], M] = {}
        for values in self.known:
            self.labels(*values)

    def labels(self, *values: str) -> M:
        """Return what counts for *values*, in the order of the label names."""
        try:
            return self._children[values]
        except KeyError:
            return self._add(values)

    def samples(self) -> dict[tuple[str, ...], float]:
        """Return this process's values by label values, for tests; of a histogram its counts."""
        wanted = self.name if self.kind == "counter" else f"{self.name}_count"
        return {
            tuple(sample.labels[name] for name in self.label_names): sample.value
            for family in self._metric.collect()
            for sample in family.samples
            if sample.name == wanted
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
    """Counts what happens; never falls, except when everything is started again."""

    kind = "counter"

    def inc(self, amount: float = 1) -> None:
        """Count *amount*, for a counter without labels."""
        self.labels().inc(amount)

    def _make(self) -> prometheus_client.Counter:
        return prometheus_client.Counter(self.name, self.help, self.label_names, registry=None)


class Histogram(Metric[prometheus_client.Histogram]):
    """Counts durations by how long they were, in seconds."""

    kind = "histogram"

    def observe(self, seconds: float) -> None:
        """Count one duration, for a histogram without labels."""
        self.labels().observe(seconds)

    def _make(self) -> prometheus_client.Histogram:
        return prometheus_client.Histogram(
            self.name, self.help, self.label_names, registry=None, buckets=SECONDS
        )
