"""The scripted server's part for enrolment and tokens: nonces, proofs, families of refresh tokens.

Separate from the other routes, because it alone keeps the keys and the proofs of the devices.
"""

from collections.abc import Callable
from typing import Any

from sync_protocol.conformance import proofs
from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.conformance.script import REP
from sync_protocol.dpop import NONCE_HEADER

Json = dict[str, Any]
"""A JSON object as it travels: a request or reply of `/v1/enrol` or `/v1/token`."""
CODE = "CONF0-RMANC-E0KIT"
SECOND_CODE = "CONF0-RMANC-E0TW0"
"""Another code for the same rep."""
OTHER_REP_CODE = "CONF0-RMANC-E0THR"
REPS = {CODE: REP, SECOND_CODE: REP, OTHER_REP_CODE: "R2"}
"""The rep of each code."""
ISSUER = "https://conformance.satchel.test"
WIPE_ORDER = "sw1.KIT.confirm-me"
"""What the order to wipe has for its confirmation."""


class TokenIssuer:
    """Enrols devices and rotates their tokens. *clock* returns the server's time in seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.revoked = False
        self.public_key: Json | None = None
        """The key of the device that enrolled last."""
        self.generation = 1
        self.valid_tokens: set[str] = set()
        self.faults: list[str] = []
        """The violations of the wire that the server met."""
        self._keys: dict[str, Any] = {}
        self._proof_ids: set[str] = set()
        self._nonces: set[str] = set()
        self._nonces_issued = 0

    def wiped(self, request: Request) -> Reply:
        """Answer the confirmation of a wipe, at `/v1/wiped`."""
        body = request.value if isinstance(request.value, dict) else {}
        exported = body.get("exported", 0)
        if body.get("wipe_order") != WIPE_ORDER:
            self.faults.append("a wipe was confirmed without the order's `wipe_order`")
            return problem(400, "wipe_order_invalid")
        if not isinstance(exported, int) or isinstance(exported, bool) or exported < 0:
            self.faults.append("`exported` is not the number of documents and receipts that were exported")
        return Reply(204)

    def expire(self) -> None:
        """Expire every access token issued so far."""
        self.valid_tokens.clear()

    def expire_nonces(self) -> None:
        """Require a new nonce in the next proof."""
        self._nonces.clear()

    def has_nonce(self, request: Request) -> bool:
        """Say whether the proof of *request* has a nonce that is valid now."""
        return proofs.payload_of(proofs.proof_of(request)).get("nonce") in self._nonces

    def enrol(self, request: Request) -> Reply:
        """Answer a request to `/v1/enrol`."""
        body = request.value or {}
        key, code = body.get("public_key"), body.get("code")
        self.faults += proofs.key_faults(key)
        refusal = self._refusal(request, key)
        if refusal is not None:
            return refusal
        if code not in REPS or self._keys.setdefault(code, key) != key:
            return problem(400, "enrolment_code_invalid", self._nonce())
        if not body.get("device_name"):
            self.faults.append("the enrolment has no `device_name`")
        self.public_key = key
        device_id = f"conformance-device-{list(REPS).index(code) + 1}"
        identity = {"device_id": device_id, "rep": {"id": REPS[code], "name": "Rosa Reyes"}}
        value = {**identity, "company": "Conformance", "issuer": ISSUER, **self._issue()}
        return json_reply(value, 201, self._nonce())

    def token(self, request: Request) -> Reply:
        """Answer a request to `/v1/token`."""
        refusal = self._refusal(request, self.public_key)
        if refusal is not None:
            return refusal
        if self.revoked:
            return problem(401, "device_revoked", wipe=True, wipe_order=WIPE_ORDER)
        refresh_token = str((request.value or {}).get("refresh_token"))
        if refresh_token == f"refresh-{self.generation}":
            self.generation += 1
        elif refresh_token != f"refresh-{self.generation - 1}":
            return problem(401, "refresh_invalid")
        return json_reply(self._issue(), headers=self._nonce())

    def _refusal(self, request: Request, key: Any) -> Reply | None:
        """Return the problem with the proof of *request*; None if it is accepted. Its faults are kept."""
        faults = proofs.proof_faults(request, key, self.clock())
        if faults:
            self.faults += faults
            return problem(400, "invalid_dpop_proof", self._nonce())
        if not self.has_nonce(request):
            return problem(400, "use_dpop_nonce", self._nonce())
        id = str(proofs.payload_of(proofs.proof_of(request))["jti"])
        if id in self._proof_ids:
            self.faults.append("two requests have proofs with the same `jti`")
            return problem(400, "invalid_dpop_proof", self._nonce())
        self._proof_ids.add(id)
        return None

    def _nonce(self) -> dict[str, str]:
        self._nonces_issued += 1
        nonce = f"{int(self.clock())}.kit-{self._nonces_issued}"
        self._nonces.add(nonce)
        return {NONCE_HEADER: nonce}

    def _issue(self) -> Json:
        access = f"access-{self.generation}-{len(self.valid_tokens)}"
        self.valid_tokens.add(access)
        refresh = {"refresh_token": f"refresh-{self.generation}", "refresh_expires_in": 30 * 86_400}
        return {"access_token": access, "expires_in": 900, **refresh}
