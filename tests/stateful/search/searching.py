"""Start a search by the state machine, and decide how long it runs."""

import os
import secrets
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.examples import EXAMPLES
from tests.stateful.histories.world import REPS
from tests.stateful.phones import MinimalPhone, Phone
from tests.stateful.reference_phone import ReferencePhone
from tests.stateful.search.server import Server
from tests.stateful.search.state_machine import Histories

STEPS = 40
SEED = 1
MakePhone = Callable[[str], Phone]


def both_kinds(rep: str) -> Phone:
    """Return a phone for *rep*: the reference device for one rep, the minimal replica for the others."""
    return ReferencePhone(rep) if rep == REPS[0] else MinimalPhone(rep)


def examples(quick: int) -> int:
    """Return how many histories to play; `SATCHEL_RANDOM_EXAMPLES` says otherwise."""
    return int(os.environ.get("SATCHEL_RANDOM_EXAMPLES", str(quick)))


def examples_of_profile(quick: int) -> int:
    """Return `examples` of *quick* for `make test` and of proportionally more for `make test-all`."""
    return examples(quick * settings.default.max_examples // EXAMPLES["default"])


def search(
    make_server: Callable[[], Server],
    make_phone: MakePhone,
    histories: int,
    seed: int | None = None,
    **more: Any,
) -> None:
    """Play *histories* random histories of replicas; else as `play`."""

    def begin() -> Histories:
        return Histories(make_server(), {rep: make_phone(rep) for rep in REPS})

    play(begin, histories, STEPS, seed, **more)


def play(
    begin: Callable[[], RuleBasedStateMachine], histories: int, steps: int, seed: int | None = None, **more: Any
) -> None:
    """Play *histories* random histories of at most *steps*; a failure is shrunk, and says how to play it again.

    The same *seed* and number give the same histories. Without a seed it is `SATCHEL_RANDOM_SEED`; else it
    is the same in every run of `make test`, and a new one in each of `make test-all`.
    """
    if seed is None:
        drawn = SEED if settings.default.derandomize else secrets.randbelow(2**32)
        seed = int(os.environ.get("SATCHEL_RANDOM_SEED", drawn))
    chosen = settings(
        max_examples=histories,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(begin), settings=chosen)
    except Exception as error:
        again = f"SATCHEL_RANDOM_SEED={seed} SATCHEL_RANDOM_EXAMPLES={histories}"
        error.add_note(f"To play it again: {again} pytest and this test")
        raise
