"""The amounts to measure. An environment variable `BENCH_<NAME>` sets each of them."""

import os
from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True)
class Sizes:
    """The sizes of one run; the defaults are those that the aims are stated for."""

    records: int = 100_000
    """Records in the data set."""
    reps: int = 50
    processes: int = 2
    """Web processes of every system."""
    threads: int = 8
    """Threads of every web process."""
    repeats: int = 5
    """Rounds in which all systems are measured by turns; the median counts."""
    deltas: int = 20
    """Deltas of one round."""
    idle_seconds: int = 3
    """Seconds of one round."""
    connections: int = 16
    orders: int = 1_000
    """Orders that each phone pushes into a fresh database, or while others poll."""
    push_rounds: int = 20
    """Rounds of a comparison of pushes: many short ones, because other load changes within seconds."""
    push_orders: int = 200
    """Orders that each phone pushes in one of these rounds."""
    batch: int = 50
    small: int = 10_000
    """The smaller and the larger data set that growth is measured on."""
    large: int = 1_000_000
    fixed_delta: int = 200
    """Records of a rep that change in the fixed delta, independent of the size of the data set."""
    grow_repeats: int = 3
    """Rounds in which the sizes of Satchel's data set are measured by turns."""
    fresh: int = 2_000
    """Records in the fresh database that orders are pushed to."""
    fresh_thousands: int = 5
    """How many times `orders` are pushed to it."""
    fresh_repeats: int = 2
    """Fresh databases of each kind."""
    commands: int = 9
    """Starts of each command."""
    minutes: int = 20
    """No part begins after this many minutes; the page lists those that are left out."""
    drain: int = 1_000
    """Queued orders that workers forward."""
    forward: int = 1_000
    """Orders that one forwarder sends to an ERP that costs nothing."""
    drain_tryton: int = 60
    """Queued orders that are forwarded to a real Tryton."""
    day: int = 10_000
    """Records in the data set of a rep's day."""
    app: int = 60_000
    """Records that the phone app has; a multiple of three."""
    app_repeats: int = 3
    """First screens, and starts without a server, of each kind."""
    app_queries: int = 8
    """Texts that are typed in each language."""

    @classmethod
    def from_environment(cls, quick: bool = False) -> Self:
        """Return the defaults (or small sizes if *quick*), overridden by BENCH_<NAME>."""
        sizes = cls()
        if quick:
            sizes = replace(
                sizes, records=5_000, repeats=2, deltas=5, idle_seconds=1, orders=200, push_rounds=2,
                small=2_000, grow_repeats=1, fresh=1_000, fresh_repeats=1, commands=2,
                large=10_000, drain=100, forward=100, drain_tryton=10, day=2_000, app=3_000, app_repeats=1,
                app_queries=2,
            )  # fmt: skip
        overrides = {f.name: os.environ.get(f"BENCH_{f.name.upper()}") for f in fields(cls)}
        return replace(sizes, **{name: int(text) for name, text in overrides.items() if text})
