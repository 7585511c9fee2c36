"""The withdrawal: a rep cancels a captured document before it is sent to the ERP."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.collection import INBOX, BodySchema, Kind
from sync_protocol.fields import Text, Ulid


class WithdrawalBodySchema(BodySchema):
    submission_id = Ulid(required=True)
    """The document that is withdrawn; `supersedes` in the envelope has the same id."""
    reason = Text(400, load_default=None, allow_none=True)


def title(body: Mapping[str, Any]) -> str:
    """Return the title for people."""
    return f"Withdrawal of {body.get('submission_id')}"


WITHDRAWAL = Kind(
    name="withdrawal",
    summary="Withdraws a document that has not been sent to the ERP; refused as `too_late` afterwards.",
    schema=WithdrawalBodySchema,
    order_key=lambda body, rep: f"submission:{body['submission_id']}",
    title=title,
    destination=INBOX,
    since=2,
)
