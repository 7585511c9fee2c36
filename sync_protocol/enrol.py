"""Enrolment and tokens: the requests and replies of `/v1/enrol` and `/v1/token`.

A device creates a key pair, keeps the private key in its keystore, and registers the public key with the
one-time code. To refresh its tokens it signs a proof: a compact JWS (RFC 7515) by that key, EdDSA for Ed25519
or ES256 for P-256, over {"aud": issuer, "rth": base64url(sha256(refresh token)), "jti": a new random id}.
"""

from marshmallow import EXCLUDE, Schema, fields

from sync_protocol.fields import Count, Key, Text


class EnrolRequestSchema(Schema):
    """`POST /v1/enrol`."""

    class Meta:
        unknown = EXCLUDE

    code = Text(100, required=True)
    public_key = fields.Dict(required=True)
    """The device's public key as a JWK (RFC 7517): Ed25519 or P-256, without the private parameters."""
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
    """The reply of `POST /v1/enrol`: the rep of the device, and its first tokens."""

    device_id = Key(required=True)
    rep = fields.Nested(RepSchema, required=True)
    company = Text(200, required=True)
    issuer = Text(400, required=True)
    """The audience (`aud`) of proofs."""


class TokenRequestSchema(Schema):
    """`POST /v1/token`."""

    class Meta:
        unknown = EXCLUDE

    refresh_token = Text(400, required=True)
    proof = Text(4000, required=True)
