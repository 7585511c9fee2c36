"""The broken products that the rig is shown before it is believed cannot rot; `make chaos` plays them."""

import pytest

from tests.killers.killer import ROOT
from tests.killers.patching import patched
from tests.system.chaos.rig.broken import BROKEN, Broken
from tests.system.chaos.rig.faults import FAULTS
from tests.system.chaos.rig.tally import FINDINGS


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_it_can_be_made_and_played(broken: Broken) -> None:
    for file in {file for file, _, _ in broken.patches}:
        assert patched(ROOT, file, broken.patches) != (ROOT / file).read_text()
    assert set(broken.faults) <= {fault.name for fault in FAULTS}


def test_each_finding_is_shown_by_one() -> None:
    assert {finding for broken in BROKEN for finding in broken.shown} == set(FINDINGS)
