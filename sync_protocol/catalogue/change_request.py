"""The change request: a rep asks the office to change or cancel a document that is in the ERP."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.collection import OFFICE, BodySchema, Kind
from sync_protocol.fields import Choice, Text, Ulid

_OLD_NAME = "wish"


class ChangeRequestBodySchema(BodySchema):
    submission_id = Ulid(required=True)
    """The document that is in the ERP."""
    action = Choice("change", "cancel", required=True)
    message = Text(2000, required=True)
    """The change, or the reason for the cancellation; a person reads it."""


def title(body: Mapping[str, Any]) -> str:
    """Return the title for people."""
    # Requests stored by a server from before the first release have the action under its old name.
    return f"Request to {body.get('action') or body.get(_OLD_NAME, 'change')} {body.get('submission_id')}"


CHANGE_REQUEST = Kind(
    name="change_request",
    summary="Asks the office to change or cancel a document in the ERP, unless its delivery has begun.",
    schema=ChangeRequestBodySchema,
    order_key=lambda body, rep: f"submission:{body['submission_id']}",
    title=title,
    destination=OFFICE,
    since=2,
)
