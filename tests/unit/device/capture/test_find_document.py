"""A rep names a document by a part of its id or by its ERP number, as the office does."""

import json

import pytest

from sync_protocol.device.device import Device
from sync_protocol.device.errors import NotFound
from tests.unit.device.company import order_body

RECORD = (
    "INSERT INTO record (collection, key, channel, position, body, hash, search_text)"
    " VALUES ('submissions', ?, 'rep:R1', 1, ?, 0, '')"
)


def test_a_document_is_found_by_its_id_and_by_a_part_of_it(device: Device) -> None:
    id = device.capture("order", order_body()).id
    other = device.capture("order", order_body()).id
    for text in (id, id.lower(), id[-8:], id[-8:].lower()):
        assert device.find_document(text) == id
    with pytest.raises(NotFound, match="more than one") as raised:
        device.find_document(id[:4])
    assert id in str(raised.value) and other in str(raised.value)


def test_a_document_of_another_device_is_found_by_its_erp_number(device: Device) -> None:
    id = "01KBR9Z8Q5T0000000000000AC"
    device.db.run(RECORD, id, json.dumps({"id": id, "erp_number": "SO-77"}))
    assert device.find_document("SO-77") == id
    assert device.find_document("000AC") == id


@pytest.mark.parametrize("text", ["", "%", "____", "ABC", "SO-1"])
def test_text_that_names_no_document_is_refused(device: Device, text: str) -> None:
    device.capture("order", order_body())
    with pytest.raises(NotFound, match="there is no document"):
        device.find_document(text)
