"""Enrolment and tokens: the requests and replies of `/v1/enrol` and `/v1/token`.

A device creates a key pair, keeps the private key in its keystore, and registers the public key with the
one-time code. Both requests carry a proof that the device has the private key, in the header DPoP (`dpop.py`).
"""

from marshmallow import EXCLUDE, Schema, fields

from sync_protocol.fields import Count, Key, Text


class EnrolRequestSchema(Schema):
    """`POST /v1/enrol`."""

    class Meta:
        unknown = EXCLUDE

    code = Text(100, required=True)
    public_key = fields.Dict(required=True)
    """The device's public key as a JWK (RFC 7517): Ed25519 or P-256, without the private parameters. The proof
    is signed by this key."""
    device_name = Text(120, required=True)
    app_version = Text(60, load_default=None, allow_none=True)


class RepSchema(Schema):
    id = Key(required=True)
    name = Text(200, required=True)


class TokenReplySchema(Schema):
    """The reply of `POST /v1/token`."""

    access_token = Text(4000, required=True)
    expires_in = Count(required=True)
    """Seconds."""
    refresh_token = Text(400, required=True)
    refresh_expires_in = Count(required=True)
    """Seconds until the device must enrol again if it does not refresh before."""


class EnrolReplySchema(TokenReplySchema):
    """The reply of `POST /v1/enrol`: the rep of the device, and its first tokens."""

    device_id = Key(required=True)
    rep = fields.Nested(RepSchema, required=True)
    company = Text(200, required=True)
    issuer = Text(400, required=True)
    """The issuer of tokens: the address of the server as the office has set it."""


class WipedRequestSchema(Schema):
    """`POST /v1/wiped`: the device has obeyed the order to wipe itself."""

    class Meta:
        unknown = EXCLUDE

    wipe_order = Text(200, required=True)
    """As in the problem `device_revoked`."""
    exported = Count(load_default=0, most=1_000_000)
    """Number of documents and receipts that the device wrote to a file before, because they were not sent."""


class TokenRequestSchema(Schema):
    """`POST /v1/token`."""

    class Meta:
        unknown = EXCLUDE

    refresh_token = Text(400, required=True)
