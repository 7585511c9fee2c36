"""A catalogue with one more collection and one more kind, as a later release declares them.

`extend` adds them to the catalogue of this process, and to what the connector for flat files reads and writes.
`START` is a sitecustomize.py: with it every Python process of a server starts with this catalogue.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from backend.connectors.flatfile import files, mapper
from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.row import Row
from backend.erp.records import Document
from sync_protocol import catalogue
from sync_protocol.channel import everyone
from sync_protocol.collection import BodySchema, Collection, Kind, RecordSchema
from sync_protocol.fields import Bounded, Count, Date, Flag, Key, Prose, Quantity, Text
from sync_protocol.json_types import NewRecord
from sync_protocol.presentation import Form, ListView
from sync_protocol.wording import TEXTS, Words

START = "from tests.browser.declared_catalogue import extend\n\nextend()\n"


class SampleSchema(RecordSchema):
    id = Key(required=True)
    name = Prose(120, required=True)
    shelf = Prose(40, required=True)


class VisitLineSchema(BodySchema):
    line_no = Count(required=True, least=1, most=100)
    topic = Text(80, required=True)
    minutes = Quantity(required=True, above="0", most="600")


class VisitSchema(BodySchema):
    sample_id = Key(required=True, references="samples")
    given_on = Date(required=True)
    is_gift = Flag(load_default=False)
    remark = Text(200, load_default=None, allow_none=True)
    lines = Bounded(fields.Nested(VisitLineSchema), least=1, most=20, required=True)


SAMPLES = Collection(
    name="samples",
    summary="Samples.",
    schema=SampleSchema,
    channel=everyone(),
    priority=1,
    columns=("shelf",),
    view=ListView(title="name", search=("name",)),
)
VISIT = Kind(
    name="visit",
    summary="A visit.",
    schema=VisitSchema,
    order_key=lambda body, rep: rep,
    form=Form(title="sample_id", prefill={"given_on": ("today",), "lines.line_no": ("line_number",)}),
)
WORDS = {
    "collection.samples": ("Samples", "样品"),
    "collection.samples.item": ("Sample", "样品"),
    "kind.visit": ("Visit", "拜访"),
    "field.samples.shelf": ("Shelf", "货架"),
    "field.visit.sample_id": ("Sample", "样品"),
    "field.visit.given_on": ("Given on", "赠送日期"),
    "field.visit.is_gift": ("Gift", "赠品"),
    "field.visit.remark": ("Remark", "说明"),
    "field.visit.lines": ("Topics", "话题"),
    "field.visit.lines.topic": ("Topic", "话题"),
    "field.visit.lines.minutes": ("Minutes", "分钟"),
}
SAMPLES_FILE = files.File("samples.csv", ("id", "name", "shelf"), ("id",))
VISIT_COLUMNS = ("satchel_key", "sample_id", "given_on", "remark", "line_no", "topic", "minutes")


def sample(row: Row, parts: Parts) -> NewRecord:
    """Return a sample."""
    return {"id": row.text("id"), "name": row.text("name"), "shelf": row.text("shelf")}


def visit_rows(document: Document, receipt_names: Mapping[str, str]) -> list[NewRecord]:
    """Return the rows of a visit, one per topic."""
    body: dict[str, Any] = dict(document.body)
    head = {
        "satchel_key": document.id,
        **{name: body.get(name) for name in ("sample_id", "given_on", "remark")},
    }
    return [
        {**head, **{name: line[name] for name in ("line_no", "topic", "minutes")}} for line in body["lines"]
    ]


def extend() -> None:
    """Declare the collection and the kind in this process."""
    ordered = sorted([*catalogue.COLLECTIONS.values(), SAMPLES], key=lambda each: (each.priority, each.name))
    catalogue.COLLECTIONS.clear()
    catalogue.COLLECTIONS.update({each.name: each for each in ordered})
    catalogue.KINDS[VISIT.name] = VISIT
    TEXTS.update({key: Words(*pair) for key, pair in WORDS.items()})
    files.COLLECTION_FILES[SAMPLES.name] = (SAMPLES_FILE,)
    files.ALL_FILES[SAMPLES_FILE.name] = SAMPLES_FILE
    # Other modules have imported these tables already, so they are changed, not replaced.
    assert isinstance(mapper.READS, dict)
    assert isinstance(mapper.WRITES, dict)
    mapper.READS[SAMPLES.name] = mapper.Read(sample)
    mapper.WRITES[VISIT.name] = mapper.Write(VISIT_COLUMNS, visit_rows)
