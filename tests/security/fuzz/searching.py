"""Draw inputs for a target and check each. A search is repeated by its seed."""

from collections import Counter
from collections.abc import Callable

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.security.fuzz.target import Target
from tests.security.rounds import silent_logs


def search(target: Target, number: int, seed: int) -> Counter[bool]:
    """Check *number* inputs of *target*; return how many were accepted (True) and refused (False).

    Raises what the check raises, for the simplest input that raises it.
    """
    results: Counter[bool] = Counter()
    with silent_logs(), target.open() as check:

        @hypothesis.seed(seed)
        @settings(
            max_examples=number,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(target.inputs)
        def one_input(value: object) -> None:
            results[check(value)] += 1

        run: Callable[[], None] = one_input
        run()
    return results
