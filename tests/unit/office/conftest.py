"""An inbox with an ERP behind it, and the office at work on it."""

import pytest

from tests.unit.delivery.conftest import erp as erp
from tests.unit.delivery.conftest import inbox as inbox
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.office.batches_fixture import Batches
from tests.unit.office.office_fixture import OfficeFixture


@pytest.fixture
def office(inbox: InboxFixture) -> OfficeFixture:
    """The office, with no document parked yet."""
    return OfficeFixture(inbox)


@pytest.fixture
def batches(office: OfficeFixture) -> Batches:
    """The office's batches, with no document parked yet."""
    return Batches(office)
