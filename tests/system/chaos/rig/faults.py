"""The faults: each begins, lasts a few seconds and ends, which repairs what it broke.

Two faults of the same `part` never last at the same time. `Site.heal` repairs what an `end` leaves broken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.system.chaos.rig import fault_actions as b
from tests.system.chaos.rig.fault_actions import Begin, End
from tests.system.chaos.rig.site import Site

STEPS_OF_DELIVERY = (
    "after_lease", "after_attempt", "after_find", "after_create", "after_advance", "before_settle",
    "after_settle",
)  # fmt: skip
STEPS_OF_A_PHONE = (
    "capture.after_commit", "push.before_results", "apply.before_commit", "upload.after_piece",
)  # fmt: skip


def _nothing(site: Site) -> None:
    """Do nothing: the end of a fault that needs no repair."""


@dataclass(frozen=True)
class Fault:
    """A way to break *part* of a site, for *seconds*."""

    name: str
    part: str
    begin: Begin
    end: End = _nothing
    seconds: float = 3.0


def _of_processes() -> Iterator[Fault]:
    yield Fault("web killed", "web", b.web_killed, b.web_back)
    for point in ("push.before_commit", "push.after_commit", "receipts.before_commit"):
        yield Fault(f"web dies at {point}", "web", b.web_dies_at(point), b.web_back, 6)
    yield Fault("web moves to the other node", "web", b.web_moves, b.web_moves_back)
    yield Fault("workers killed", "workers", b.workers_killed, b.workers_back)
    yield Fault("a worker sleeps beyond its lease", "workers", b.worker_sleeps, b.worker_wakes, 25)
    for point in (*(f"delivery.{step}" for step in STEPS_OF_DELIVERY), "ingest.before_publish"):
        yield Fault(f"workers die at {point}", "workers", b.workers_die_at(point), b.workers_back, 6)
    yield Fault("a phone killed", "a phone", b.phone_killed, b.phones_back)
    for point in STEPS_OF_A_PHONE:
        yield Fault(f"phones die at {point}", "a phone", b.phones_die_at(point), b.phones_restarted, 5)


def _of_servers() -> Iterator[Fault]:
    yield Fault("PostgreSQL killed", "database", b.database_killed, b.database_back)
    yield Fault("failover without the tail", "database", b.failover, b.promoted, 6)
    yield Fault("Redis killed", "redis", b.redis_killed, b.redis_back, 4)
    yield Fault("Redis emptied", "redis", b.redis_emptied)
    yield Fault("Tryton killed", "erp", b.erp_killed, b.erp_back, 4)


def _of_lines() -> Iterator[Fault]:
    for line, whose in (("phones", "the phones'"), ("database", "the database's"), ("erp", "the ERP's")):
        yield Fault(f"{whose} line is cut", line, b.cut(line), b.heal(line))
        yield Fault(f"{whose} line hangs", line, b.hang(line), b.heal(line), 5)
        yield Fault(f"{whose} line is refused", line, b.refuse(line), b.heal(line), 5)
    yield Fault("Redis' line hangs", "redis", b.hang("redis"), b.heal("redis"), 5)
    pushes = b.lose("phones", b"POST /v1/sync", b"POST /v1/push")
    yield Fault("a push's answer is lost", "phones", pushes, b.heal("phones"), 4)
    for step in ("create", "quote", "confirm"):
        lose = b.lose("erp", f'"model.sale.sale.{step}"'.encode())
        yield Fault(f"Tryton's answer to {step} is lost", "erp", lose, b.heal("erp"), 5)
    yield Fault("the phones' line is GPRS", "phones", b.slow, b.fast, 6)


FAULTS = (*_of_processes(), *_of_servers(), *_of_lines())


def draw_faults(draw: Random, count: int) -> list[Fault]:
    """Return *count* different faults."""
    return draw.sample(FAULTS, count)
