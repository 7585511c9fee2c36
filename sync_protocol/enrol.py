"""Enrolment and tokens: the requests and replies of `/v1/enrol` and `/v1/token`.

A device makes a key pair, keeps the private part in its key store, and registers the public part with
the one-time code. To refresh it signs a proof, a compact JWS by that key (EdDSA for Ed25519, ES256 for
P-256) over {"aud": issuer, "rth": base64url(sha256(refresh token)), "jti": anything new}.
"""

from marshmallow import EXCLUDE, Schema, fields

from sync_protocol.fields import Count, Key, Text


class EnrolRequestSchema(Schema):
    """`POST /v1/enrol`."""

    class Meta:
        unknown = EXCLUDE

    code = Text(100, required=True)
    public_key = fields.Dict(required=True)
    """The device's public key as a JWK (RFC 7517): Ed25519 or P-256, without private parts."""
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


class EnrolReplySchema(TokenReplySchema):
    """The reply of `POST /v1/enrol`: who the device belongs to, and its first tokens."""

    device_id = Key(required=True)
    rep = fields.Nested(RepSchema, required=True)
    company = Text(200, required=True)
    issuer = Text(400, required=True)
    """What proofs name as their audience."""


class TokenRequestSchema(Schema):
    """`POST /v1/token`."""

    class Meta:
        unknown = EXCLUDE

    refresh_token = Text(400, required=True)
    proof = Text(4000, required=True)
