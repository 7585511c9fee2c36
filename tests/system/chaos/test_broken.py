"""The broken products that test the rig still apply to the source; `make chaos` plays them."""

import pytest

from tests.mutants.patching import mutated
from tests.system.chaos.rig.broken import BROKEN, Broken
from tests.system.chaos.rig.faults import FAULTS
from tests.system.chaos.rig.run_result import FINDINGS


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_each_broken_product_can_be_built_and_run(broken: Broken) -> None:
    assert mutated(broken.name, broken.edits)
    assert set(broken.faults) <= {fault.name for fault in FAULTS}


def test_each_finding_has_a_broken_product_that_shows_it() -> None:
    assert {finding for broken in BROKEN for finding in broken.must_find} == set(FINDINGS)
