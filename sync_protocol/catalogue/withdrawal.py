"""The withdrawal: a rep cancels a captured document before it is sent to the ERP."""

from sync_protocol.catalogue.rules import title_of
from sync_protocol.collection import INBOX, BodySchema, Kind, Lookup
from sync_protocol.fields import Text, Ulid
from sync_protocol.json_types import Body
from sync_protocol.presentation import Form


class WithdrawalBodySchema(BodySchema):
    submission_id = Ulid(required=True)
    """The document that is withdrawn; `supersedes` in the envelope has the same id."""
    reason = Text(400, load_default=None, allow_none=True)


def title(body: Body, lookup: Lookup) -> str:
    """Return the title for people."""
    return f"Withdrawal of {title_of(lookup, body['submission_id'])}"


WITHDRAWAL = Kind(
    name="withdrawal",
    summary="Withdraws a document that has not been sent to the ERP; refused as `too_late` afterwards.",
    schema=WithdrawalBodySchema,
    order_key=lambda body, rep: f"submission:{body['submission_id']}",
    title=title,
    form=Form(title="submission_id", prefill={"submission_id": ("document",)}),
    destination=INBOX,
    since=2,
)
