"""The change request: a rep asks the office to change or cancel a document that is in the ERP."""

from sync_protocol.catalogue.rules import title_of
from sync_protocol.collection import OFFICE, BodySchema, Kind, Lookup
from sync_protocol.fields import Choice, Text, Ulid
from sync_protocol.json_types import Body
from sync_protocol.presentation import Form

_OLD_NAME = "wish"


class ChangeRequestBodySchema(BodySchema):
    submission_id = Ulid(required=True)
    """The document that is in the ERP."""
    action = Choice("change", "cancel", required=True)
    message = Text(2000, required=True, blank=False)
    """The change, or the reason for the cancellation; a person reads it."""


def title(body: Body, lookup: Lookup) -> str:
    """Return the title for people."""
    # Requests stored by a server from before the first release have the action under its old name.
    action = body.get("action") or body.get(_OLD_NAME, "change")
    return f"Request to {action} {title_of(lookup, body['submission_id'])}"


CHANGE_REQUEST = Kind(
    name="change_request",
    summary="Asks the office to change or cancel a document in the ERP, unless its delivery has begun.",
    schema=ChangeRequestBodySchema,
    order_key=lambda body, rep: f"submission:{body['submission_id']}",
    title=title,
    form=Form(title="submission_id", prefill={"submission_id": ("document",)}),
    destination=OFFICE,
    since=2,
)
