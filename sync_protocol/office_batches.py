"""What the API of the office takes and returns about causes and batches. Phones do not use it."""

from marshmallow import Schema, fields

from sync_protocol.fields import Bounded, Choice, Count, Flag, Instant, Text, Ulid
from sync_protocol.office import ParkedSchema

CAUSE_CHARACTERS = 40
MOST_DOCUMENTS = 5_000
"""Documents in one batch."""
MOST_CHANGES = 20
"""Field changes in one correction."""
RESULTS = ("done", "refused", "undone")
"""What became of a document of a batch."""


class CauseSchema(Schema):
    """Parked documents that one repair should settle."""

    cause = Text(CAUSE_CHARACTERS, required=True)
    """The key: the class of the problem, and a digest of the ERP's words."""
    error_class = Text(20, required=True)
    documents = Count(required=True)
    kinds = fields.Dict(keys=Text(40), values=Count(), required=True)
    """The number of documents of each kind."""
    oldest = Instant(required=True)
    """Since when the first of them waits."""
    newest = Instant(required=True)
    example = fields.Nested(ParkedSchema, required=True)
    """The document that waits longest."""


class CauseListSchema(Schema):
    """The causes for which documents are parked, the one with most documents first."""

    causes = fields.List(fields.Nested(CauseSchema), required=True)


class FieldChangeSchema(Schema):
    """One field gets another value wherever it has the old one."""

    field = Text(200, required=True)
    """Its path, as in `currency` or `lines[].unit`; `[]` stands for every element."""
    old = fields.Raw(required=True, allow_none=True)
    """A text, a number, true, false or null."""
    new = fields.Raw(required=True, allow_none=True)


class BatchRequestSchema(Schema):
    """An action on all documents with one cause."""

    action = Text(20, required=True)
    cause = Text(CAUSE_CHARACTERS, required=True)
    limit = Count(least=1, most=MOST_DOCUMENTS, load_default=MOST_DOCUMENTS)
    """Only the longest-waiting so many documents: to try the repair first."""
    why = Text(1000, load_default="")
    force = Flag(load_default=False)
    changes = Bounded(fields.Nested(FieldChangeSchema), most=MOST_CHANGES, load_default=list)
    """What `fix` changes in each document."""


class UndoSchema(Schema):
    """Why a batch is undone."""

    why = Text(1000, load_default="")


class BatchDocumentSchema(Schema):
    """A document of a batch."""

    id = Ulid(required=True)
    result = Choice(*RESULTS, required=True, allow_none=True)
    """Null: the action has not been tried yet."""
    message = Text(1000, required=True, allow_none=True)
    """Why it was refused, or could not be undone."""
    answer_id = Ulid(required=True, allow_none=True)
    """The document that the action left: the same one, or its correction."""


class BatchSchema(Schema):
    """A batch and what became of its documents, in the order in which they are settled."""

    id = Ulid(required=True)
    action = Text(20, required=True)
    cause = Text(CAUSE_CHARACTERS, required=True)
    begun_by = Text(120, required=True)
    begun_at = Instant(required=True)
    undone_by = Text(120, required=True, allow_none=True)
    undone_at = Instant(required=True, allow_none=True)
    waiting = Count(required=True)
    """How many documents were not tried yet."""
    documents = fields.List(fields.Nested(BatchDocumentSchema), required=True)
