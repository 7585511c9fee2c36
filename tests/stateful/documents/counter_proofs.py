"""Counter-proofs: each takes one rule away from outside, and the random search must find a bad history."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from backend.delivery.erp_lookup import ErpAnswer
from backend.delivery.reconciliation import reconcile, returned
from backend.inbox import restored
from backend.inbox.restored import DataLoss
from backend.sync import returning

Patch = Callable[[pytest.MonkeyPatch], None]


def returning_documents_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules decide about a document as soon as it comes back."""
    monkeypatch.setattr(returning, "checked", lambda *_: set())


def what_the_backup_shows_as_unsent_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that is queued in the backup stays queued."""
    monkeypatch.setattr(restored, "_kinds_with_own_document", list)


def a_copy_waits_for_its_original(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy is sent although its original has not come back."""
    monkeypatch.setattr(returned, "_missing_original", lambda *_: None)


def what_a_phone_may_have_amended_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No phone is waited for before what was not sent in the backup is sent."""
    monkeypatch.setattr(returned, "awaited_phones", lambda *_: [])


def documents_that_return_after_the_reconciliation_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once sending has resumed, no document is checked any more."""

    def concerns(self: DataLoss, id: str, now: dt.datetime) -> bool:
        return not self.is_reconciled

    monkeypatch.setattr(DataLoss, "may_concern", concerns)


def the_erp_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is checked counts as absent from the ERP."""
    for module in (reconcile, returned):
        monkeypatch.setattr(module, "ask_erp", _nothing)


def _nothing(*_: Any, **__: Any) -> Any:
    return ErpAnswer([])


COUNTER_PROOFS: list[Patch] = [
    returning_documents_are_checked,
    what_the_backup_shows_as_unsent_is_checked,
    a_copy_waits_for_its_original,
    what_a_phone_may_have_amended_waits,
    documents_that_return_after_the_reconciliation_are_checked,
    the_erp_is_asked,
]
