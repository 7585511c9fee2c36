"""Threads: one web process of each server with 1 to 16 threads, on one database and by turns.

Not part of a whole run: it is repeated when the default (`SATCHEL_WEB_THREADS`) is to be chosen again.
"""

from collections.abc import Iterator
from functools import partial

from tests.bench.lab import Lab
from tests.bench.parts import parts
from tests.bench.parts.turns import Figures, by_turns
from tests.bench.systems.satchel import SameInstallation, SatchelSystem

THREADS = (1, 2, 4, 8, 16)
SERVERS = ("gunicorn", "granian")
PHONES = 2
"""As many as the processors of the machine that the targets are stated for."""


def systems(satchel: SatchelSystem) -> Iterator[SameInstallation]:
    """Yield the installation of *satchel* under each server with each number of threads."""
    for server in SERVERS:
        for threads in THREADS:
            yield SameInstallation(
                satchel,
                f"{server} {threads}",
                SATCHEL_WEB_SERVER=server,
                SATCHEL_WEB_THREADS=str(threads),
                SATCHEL_WEB_PROCESSES="1",
            )


def compare(lab: Lab, running: dict[str, SameInstallation]) -> dict[str, dict[str, Figures]]:
    """Return the figures of idle polls and of pushes by `PHONES` of *running* systems, by system and part."""
    idle = by_turns(lab.sizes.repeats, {n: partial(_idle, lab, system) for n, system in running.items()})
    push = by_turns(lab.sizes.repeats, {n: partial(_push, lab, system) for n, system in running.items()})
    return {name: {"idle": idle[name], "push": push[name]} for name in running}


def table(results: dict[str, dict[str, Figures]]) -> list[list[str]]:
    """Return the rows of the table: polls and orders a second with their CPU, by server and threads."""
    return [
        [
            name,
            f"{figures['idle']['polls_per_second']:,.0f}",
            f"{figures['idle']['server_cpu'] * 1000:.2f} ms",
            f"{figures['push']['orders_per_second']:,.0f}",
            f"{figures['push']['server_cpu'] * 1000:.2f} ms",
        ]
        for name, figures in results.items()
    ]


def _idle(lab: Lab, system: SameInstallation, n: int) -> Figures:
    return parts.idle(lab, system)


def _push(lab: Lab, system: SameInstallation, n: int) -> Figures:
    return parts.push(lab, system, PHONES, n, lab.sizes.orders)
