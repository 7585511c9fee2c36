"""Random histories of documents with restores, on both databases, with ERPs that enforce our key and do not."""

import pytest
from hypothesis import Phase

from tests.stateful.documents.company import Company
from tests.stateful.documents.counter_proofs import COUNTER_PROOFS, Patch
from tests.stateful.documents.searching import search
from tests.stateful.search.searching import examples_of_profile

SEED = 9
"""With it each counter-proof finds its history early."""
# Shrinking takes minutes; a time limit in the midst of it would hide what was found.
pytestmark = [pytest.mark.both_dialects, pytest.mark.timeout(600)]


def test_random_histories_send_each_order_once_and_deny_nothing(any_company: Company) -> None:
    assert search(any_company, examples_of_profile(10)) > 0


@pytest.mark.full
@pytest.mark.parametrize("without", COUNTER_PROOFS, ids=lambda patch: patch.__name__)
def test_the_search_finds_a_bad_history_without_a_rule(
    any_company: Company, without: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    with pytest.raises(AssertionError):
        search(any_company, 200, SEED, phases=[Phase.generate])
