"""The change request: the rep asks the office to change or cancel what the ERP has."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.collection import OFFICE, BodySchema, Kind
from sync_protocol.fields import Choice, Text, Ulid


class ChangeRequestBodySchema(BodySchema):
    submission_id = Ulid(required=True)
    """The document that the ERP has."""
    action = Choice("change", "cancel", required=True)
    message = Text(2000, required=True)
    """What is to be changed, or why it is to be cancelled, for a person to read."""


def title(body: Mapping[str, Any]) -> str:
    """Return one line that names the document for a person."""
    return f"Request to {body.get('action', 'change')} {body.get('submission_id')}"


CHANGE_REQUEST = Kind(
    name="change_request",
    summary="Asks the office to change or cancel what the ERP has; refused as `delivery_begun` afterwards.",
    schema=ChangeRequestBodySchema,
    order_key=lambda body, rep: f"submission:{body['submission_id']}",
    title=title,
    destination=OFFICE,
    since=2,
)
