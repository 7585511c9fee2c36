"""The session: enrolment, tokens, and requests that carry a token.

A new refresh token is on disk before it is used. If the reply with it was lost, the old one is sent again: the
rotation is idempotent, so a bad connection logs nobody out.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sync_protocol.device.connection import Reply
from sync_protocol.device.errors import ContractBroken, EnrolAgain, NoNewTokens, NotEnrolled, Problem
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.session import keys
from sync_protocol.device.session.possession import send_proven, wants_nonce, with_nonce
from sync_protocol.device.session.transport import Transport
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.partfile import PartFile
from sync_protocol.external_name import file_in

T = TypeVar("T")

NEAR_EXPIRY_SECONDS = 60


@dataclass(frozen=True)
class Identity:
    """The enrolled device, its rep and its tokens: the row of table `session`."""

    server: str
    issuer: str
    device_id: str
    rep: str
    rep_name: str
    company: str
    key_file: str
    access_token: str | None = field(repr=False)
    access_until: float
    """Unix time, by this device's clock."""
    refresh_token: str = field(repr=False)


def identity(db: Database) -> Identity | None:
    """Return the enrolled device, or None if this folder is not enrolled."""
    row = db.row(
        "SELECT server, issuer, device_id, rep, rep_name, company, key_file, access_token, access_until,"
        " refresh_token FROM session"
    )
    return None if row is None else Identity(*row)


def enrol(
    db: Database, folder: Path, transport: Transport, code: str, *, name: str, app_version: str, clock: float
) -> Identity:
    """Enrol with the office's one-time *code*; after a lost reply, call it again with the same code.

    Documents in the outbox are kept, and pushed again if they belong to this rep. A replica of another rep is
    deleted in the same transaction. *clock* is the Unix time of this device.

    Raises `Temporary`, or `ContractBroken` if the reply is not a valid one.
    """
    key_file = keys.key_file_name(code)
    key = keys.load_or_create(file_in(folder, key_file))
    request = {"code": code, "public_key": key.public_jwk(), "device_name": name, "app_version": app_version}
    reply = with_nonce(lambda: send_proven(transport, key, "/v1/enrol", request, clock))
    body = _object(reply.value, ("device_id", "issuer", "access_token", "refresh_token"))
    rep = body.get("rep")
    if not isinstance(rep, dict) or not isinstance(rep.get("id"), str):
        raise ContractBroken("the reply to the enrolment names no rep")
    company = body.get("company")
    if isinstance(company, dict):
        company = company.get("name")
    failpoint("enrol.before_store")
    with db.writing():
        before = identity(db)
        if before is None or (before.server, before.rep) != (transport.server, rep["id"]):
            db.run("DELETE FROM record")
        replica.reset(db)
        db.run("DELETE FROM session")
        db.run(
            "INSERT INTO session (one, server, issuer, device_id, rep, rep_name, company, key_file,"
            " access_token, access_until, refresh_token) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            transport.server, body["issuer"], body["device_id"], rep["id"],
            str(rep.get("name") or rep["id"]), str(company or ""), key_file, body["access_token"],
            clock + _seconds(body), body["refresh_token"],
        )  # fmt: skip
    # No enrolment uses the older keys any more.
    keys.delete_keys(folder, keep=key_file)
    enrolled = identity(db)
    if enrolled is None:
        raise NotEnrolled
    return enrolled


class Session:
    """Requests with the access token of the enrolled device; refreshes it when needed."""

    def __init__(
        self, db: Database, folder: Path, transport: Transport, clock: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._folder = folder
        self._transport = transport
        self._clock = clock

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Reply:
        """Send a request with the access token, and once more with a new one if the server refuses it.

        Arguments and errors are those of `Transport.request`; raises `EnrolAgain` too.
        """
        return self._with_token(
            lambda token: self._transport.request(method, path, headers={**(headers or {}), **token}, **more)
        )

    def download(self, where: str, part: PartFile, *, on_piece: Callable[[int], None], token: bool) -> None:
        """Append the missing bytes of *part*: with *token* from a path on the server, else from any address."""
        if token:
            self._with_token(
                lambda header: self._transport.download(where, part, headers=header, on_piece=on_piece)
            )
        else:
            self._transport.download(where, part, on_piece=on_piece)

    def _with_token(self, send: Callable[[dict[str, str]], T]) -> T:
        token = self._token()
        try:
            return send(_bearer(token))
        except Problem as problem:
            # Whatever a newer server calls it: 401 is about the token, unless the device has been revoked.
            if problem.status != 401 or problem.code == "device_revoked":
                raise
        return send(_bearer(self._replacement_for(token)))

    def _token(self) -> str:
        enrolled = identity(self._db)
        if enrolled is None:
            raise NotEnrolled
        if enrolled.access_token is None or self._clock() > enrolled.access_until - NEAR_EXPIRY_SECONDS:
            return self.refresh()
        return enrolled.access_token

    def _replacement_for(self, refused: str) -> str:
        """Return a token to use instead of *refused*: one that another process has stored, or a new one."""
        enrolled = identity(self._db)
        if enrolled is not None and enrolled.access_token not in (None, refused):
            return str(enrolled.access_token)
        return self.refresh()

    def refresh(self) -> str:
        """Rotate the tokens and return the new access token; raises `EnrolAgain` if the server refuses."""
        try:
            return with_nonce(self._rotate)
        except Problem as problem:
            if wants_nonce(problem):
                raise NoNewTokens(problem.technical) from None
            raise

    def _rotate(self) -> str:
        # Read again for each try: another process on this folder may have rotated the tokens meanwhile.
        enrolled = identity(self._db)
        if enrolled is None:
            raise NotEnrolled
        key = keys.load(file_in(self._folder, enrolled.key_file))
        request = {"refresh_token": enrolled.refresh_token}
        try:
            reply = send_proven(self._transport, key, "/v1/token", request, self._clock())
        except Problem as problem:
            if problem.code == "refresh_invalid":
                stored = identity(self._db)
                if stored is not None and stored.refresh_token != enrolled.refresh_token:
                    return self.refresh()  # another process on this folder was faster
                sentence = f"{problem}; enrol again with a new code, the outbox is kept"
                raise EnrolAgain(sentence, problem.technical) from None
            if 400 <= problem.status < 500 and problem.status not in (401, 429) and not wants_nonce(problem):
                raise NoNewTokens(problem.technical) from None
            raise
        body = _object(reply.value, ("access_token", "refresh_token"))
        failpoint("refresh.before_store")
        with self._db.writing():
            # Replace only the token that was sent: a slower process must not bring back an older one.
            self._db.run(
                "UPDATE session SET access_token = ?, access_until = ?, refresh_token = ?"
                " WHERE refresh_token = ?",
                body["access_token"], self._clock() + _seconds(body), body["refresh_token"],
                enrolled.refresh_token,
            )  # fmt: skip
        return str(body["access_token"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _object(value: Any, texts: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ContractBroken("the reply is not a JSON object")
    for name in texts:
        if not isinstance(value.get(name), str) or not value[name]:
            raise ContractBroken(f"the reply has no {name}")
    return value


def _seconds(body: Mapping[str, Any]) -> int:
    seconds = body.get("expires_in")
    return seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else 0
