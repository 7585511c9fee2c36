"""Search for a history of documents that ends badly."""

from typing import Any

from tests.stateful.documents.company import Company
from tests.stateful.documents.machine import DocumentHistories
from tests.stateful.search.searching import play

STEPS = 12


def search(company: Company, histories: int, seed: int | None = None, **more: Any) -> int:
    """Play *histories* random histories, as `play`; return how many of them restored a backup."""
    company.restored_histories = 0
    play(lambda: DocumentHistories(company), histories, STEPS, seed, **more)
    return company.restored_histories
