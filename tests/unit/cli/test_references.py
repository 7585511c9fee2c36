"""A document is named by its id, the beginning or the end of it, or its ERP number, in every command."""

import pytest

from backend.inbox import submissions
from tests.unit.cli.conftest import Satchel
from tests.unit.cli.test_parked import inbox as inbox
from tests.unit.cli.test_parked import park
from tests.unit.delivery.inbox_fixture import InboxFixture


@pytest.mark.parametrize("command", [("parked", "show"), ("timeline",)])
def test_a_document_is_found_by_a_part_of_its_id(
    inbox: InboxFixture,
    satchel: Satchel,
    command: tuple[str, ...],
) -> None:
    id = park(inbox)
    other = park(inbox)
    for text in (id, id.lower(), id[-6:], id[:-1] if id[:-1] != other[:-1] else id):
        result = satchel(*command, text)
        assert result.exit_code == 0, result.output
        assert id in result.output and other not in result.output


def test_a_part_of_several_ids_is_refused_with_all_of_them(inbox: InboxFixture, satchel: Satchel) -> None:
    ids = [park(inbox), park(inbox)]
    result = satchel("timeline", ids[0][:4])
    assert result.exit_code != 0
    assert all(id in result.output for id in ids)


@pytest.mark.parametrize("text", ["", "%", "____", "01K", "SO-1"])
def test_text_that_names_no_document_is_refused(
    inbox: InboxFixture,
    satchel: Satchel,
    text: str,
) -> None:
    park(inbox)
    result = satchel("timeline", text)
    assert result.exit_code != 0 and "there is no document" in result.output


def test_an_accepted_document_is_found_by_its_erp_number(inbox: InboxFixture, satchel: Satchel) -> None:
    id = park(inbox)
    with inbox.sessions() as session, session.begin():
        row = submissions.get(session, id)
        assert row is not None
        row.erp_number = "SO-77"
    assert id in satchel("timeline", "SO-77").output
