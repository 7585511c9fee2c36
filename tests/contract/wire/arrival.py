"""The first chapter of the golden story: a phone enrols with a proof, and gets its first tokens."""

from typing import TYPE_CHECKING

from tests.contract.wire.world import CODE

if TYPE_CHECKING:
    from tests.contract.wire.story import Story


def play(story: "Story") -> None:
    """Play the chapter."""
    phone = story.phone
    body = {"public_key": phone.public_key, "device_name": "Pixel 9", "app_version": "1.0.0"}
    wrong = {"code": "00000-00000-00000", **body}
    description = "A code that nobody issued, or that is used or expired."
    proof = phone.proven("/v1/enrol", jti="1")
    story.ask(
        "problem-enrolment_code_invalid",
        description,
        "POST",
        "/v1/enrol",
        headers=proof,
        body=wrong,
        token=None,
    )
    body = {"code": CODE, **body}
    description = (
        "A phone that has no nonce yet. Its own clock is wrong; the nonce begins with the server's time."
    )
    proof = phone.proven("/v1/enrol", jti="2", iat=1000000000, nonce=None)
    story.ask("problem-use_dpop_nonce", description, "POST", "/v1/enrol", headers=proof, body=body, token=None)
    description = "A proof for another address."
    proof = phone.proven("/v1/token", jti="3")
    story.ask(
        "problem-invalid_dpop_proof", description, "POST", "/v1/enrol", headers=proof, body=body, token=None
    )
    description = "A phone becomes a device of the rep. The same request again returns the same device."
    proof = phone.proven("/v1/enrol", jti="4")
    reply = story.ask("enrol", description, "POST", "/v1/enrol", headers=proof, body=body, token=None)
    phone.keep(reply)
    phone.device_id = reply.json["device_id"]
    first = phone.refresh_token
    description = "New tokens; the proof is signed by the device's key for this request."
    proof = phone.proven("/v1/token", jti="5")
    reply = story.ask(
        "token", description, "POST", "/v1/token", headers=proof, body={"refresh_token": first}, token=None
    )
    phone.keep(reply)
    description = "A refresh token that this server did not issue."
    proof, body = phone.proven("/v1/token", jti="6"), {"refresh_token": "sr2.x.1.1.x"}
    story.ask("problem-refresh_invalid", description, "POST", "/v1/token", headers=proof, body=body, token=None)
