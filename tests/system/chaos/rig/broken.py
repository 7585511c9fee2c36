"""Products that are broken on purpose: a run against each must fail, to show that the rig finds such faults.

A broken product is a copy of the source with edits. A run against it has the faults that make the edit visible.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from backend.api import push_storage
from backend.delivery.queue import acquire
from backend.delivery.transfer import Transfer
from backend.identity import access
from tests.mutants.copies import copied_tree, write
from tests.mutants.edits import Edit, after, before, replace
from tests.mutants.patching import mutated
from tests.mutants.tree import calls
from tests.services.tryton import TrytonServer
from tests.system.chaos.rig.faults import FAULTS
from tests.system.chaos.rig.run import LIVENESS_SECONDS, RunFailed, run
from tests.system.chaos.rig.run_result import RunResult
from tests.system.chaos.rig.site import Company

SHORT_TIMEOUT = 45.0
"""Seconds after healing for a product whose documents never arrive; others get as long as a sound product."""


@dataclass(frozen=True)
class Broken:
    """A product with *edits* does what *wrong* says; a run with *faults* must count each of *must_find*."""

    name: str
    wrong: str
    must_find: Sequence[str]
    """Fields of the run's result that must not be zero."""
    faults: Sequence[str]
    edits: Sequence[Edit]
    unique_keys: bool = True
    """Whether Tryton refuses a second document with our key, as it does with the companion module."""


class Unnoticed(AssertionError):
    """The rig found nothing wrong with a product that is broken."""


def play(company: Company, folder: Path, seed: int, broken: Broken) -> RunResult:
    """Play a run against *broken* and return its result; raises `Unnoticed` if one of `must_find` is zero."""
    chosen = [fault for name in broken.faults for fault in FAULTS if fault.name == name]
    timeout = SHORT_TIMEOUT if "waiting" in broken.must_find else LIVENESS_SECONDS
    with copied_tree() as root, _key_constraint(company.tryton, enforced=broken.unique_keys):
        write(root, mutated(broken.name, broken.edits))
        try:
            result = run(company, folder, seed, chosen, 4, root=root, timeout=timeout)
        except RunFailed as failed:
            result = failed.result
    missed = [finding for finding in broken.must_find if not getattr(result, finding)]
    if missed:
        raise Unnoticed(f"{broken.name}: nothing was {' or '.join(missed)}\n" + "\n".join(result.messages))
    return result


@contextmanager
def _key_constraint(tryton: TrytonServer, *, enforced: bool) -> Iterator[None]:
    """Unless *enforced*, let Tryton accept two documents with the same key in the block."""
    if enforced:
        yield
        return
    table, name = sql.Identifier("sale_sale"), sql.Identifier("sale_sale_satchel_key_unique")
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, name)
    tryton.postgres.execute(drop, tryton.database)
    try:
        yield
    finally:
        forget = sql.SQL("UPDATE {} SET satchel_key = NULL").format(table)
        tryton.postgres.execute(forget, tryton.database)
        statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} UNIQUE (company, satchel_key)").format(
            table, name
        )
        tryton.postgres.execute(statement, tryton.database)


BROKEN = [
    Broken(
        "acknowledged without a commit",
        "A quarter of the pushes is answered as received and then rolled back.",
        ("lost", "waiting"),
        ["the phones' line is GPRS"],
        [
            after(
                push_storage._stored,
                "_note_pushed(pushing, session)",
                'if (documents[0].id or "")[-1:] < "8":\n    session.rollback()',
            )
        ],
    ),
    Broken(
        "sent again although it is found",
        "What may have been sent is sent again although the ERP says that it has it, and is taken twice.",
        ("doubled",),
        ["Tryton's answer to create is lost", "workers die at delivery.after_create"],
        [before(Transfer._look_up, "len($HITS) > 1", "$HITS = []")],
        unique_keys=False,
    ),
    Broken(
        "a rep receives what another captured",
        "The channels that are each rep's own are granted to every rep.",
        ("leaked",),
        ["a phone killed"],
        [
            replace(
                access.streams,
                "(*_own_channels(rep), *$ASSIGNED)",
                '(EVERYONE, *(channel("rep", id) for id in session.scalars(select(Rep.id))), *$ASSIGNED)',
            )
        ],
    ),
    Broken(
        "a lease that never ends",
        "What a worker was sending when it was killed is never taken over by another.",
        ("differing", "waiting"),
        ["workers die at delivery.after_create"],
        [replace(acquire.acquire, calls(acquire._expire_leases), "()")],
    ),
]
