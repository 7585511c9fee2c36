"""Parked documents, and receivers of alerts about them."""

from collections.abc import Iterator

import pytest

from tests.unit.delivery.alerts.receivers import MailReceiver, WebReceiver, serving
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.office.office_fixture import OfficeFixture


@pytest.fixture
def office(inbox: InboxFixture) -> OfficeFixture:
    return OfficeFixture(inbox)


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with serving(MailReceiver()) as receiver:
        yield receiver


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with serving(WebReceiver()) as receiver:
        yield receiver
