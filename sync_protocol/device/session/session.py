"""The session: enrolment, tokens, and requests that carry them.

A new refresh token is on disk before it is used, and the old one is sent again if the reply was lost:
the rotation is idempotent, so nobody is logged out by a bad line.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sync_protocol.device.errors import ContractBroken, EnrolAgain, NotEnrolled, Problem
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.session import keys
from sync_protocol.device.session.transport import Reply, Transport
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.partfile import PartFile

T = TypeVar("T")

NEAR_EXPIRY_SECONDS = 60
_REFRESHABLE = ("token_expired", "token_invalid", "token_missing")


@dataclass(frozen=True)
class Identity:
    """Who this device is, and for whom."""

    server: str
    issuer: str
    device_id: str
    rep: str
    rep_name: str
    company: str
    key_file: str
    access_token: str | None = field(repr=False)
    access_until: float
    refresh_token: str = field(repr=False)


def identity(db: Database) -> Identity | None:
    """Return who this device is, or None if it is not enrolled."""
    row = db.row(
        "SELECT server, issuer, device_id, rep, rep_name, company, key_file, access_token, access_until,"
        " refresh_token FROM session"
    )
    return None if row is None else Identity(*row)


def enrol(
    db: Database, folder: Path, transport: Transport, code: str, *, name: str, app_version: str, clock: float
) -> Identity:
    """Enrol with the office's one-time *code*; again with the same code after a lost reply.

    Documents in the outbox are kept and pushed again if they are this rep's. The replica of another rep
    is deleted in the same transaction.
    """
    key_file = keys.file_for_code(code)
    key = keys.make_or_load(folder / key_file)
    request = {"code": code, "public_key": key.public_jwk(), "device_name": name, "app_version": app_version}
    reply = transport.request("POST", "/v1/enrol", content=json.dumps(request).encode())
    answer = _object(reply.value, ("device_id", "issuer", "access_token", "refresh_token"))
    rep = answer.get("rep")
    if not isinstance(rep, dict) or not isinstance(rep.get("id"), str):
        raise ContractBroken("the enrolment's answer names no rep")
    company = answer.get("company")
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
            transport.server, answer["issuer"], answer["device_id"], rep["id"],
            str(rep.get("name") or rep["id"]), str(company or ""), key_file, answer["access_token"],
            clock + _seconds(answer), answer["refresh_token"],
        )  # fmt: skip
    # The key of an earlier enrolment is of no use any more.
    keys.forget(folder, keep=key_file)
    enrolled = identity(db)
    if enrolled is None:
        raise NotEnrolled
    return enrolled


class Session:
    """Requests in the name of the enrolled device; tokens are refreshed as needed."""

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
        """Send a request with the access token; refreshes it once if the server says that it has expired."""
        return self._with_token(
            lambda token: self._transport.request(method, path, headers={**(headers or {}), **token}, **more)
        )

    def download(self, where: str, part: PartFile, *, on_piece: Callable[[int], None], token: bool) -> None:
        """Add to *part* what is missing of it; with *token* from a path of ours, else from any address."""
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
            if problem.status != 401 or problem.code not in _REFRESHABLE:
                raise
        return send(_bearer(self._after(token)))

    def _token(self) -> str:
        who = identity(self._db)
        if who is None:
            raise NotEnrolled
        if who.access_token is None or self._clock() > who.access_until - NEAR_EXPIRY_SECONDS:
            return self.refresh()
        return who.access_token

    def _after(self, refused: str) -> str:
        """Return a token to use instead of *refused*: the one a twin process stored meanwhile, or a new one."""
        who = identity(self._db)
        if who is not None and who.access_token not in (None, refused):
            return str(who.access_token)
        return self.refresh()

    def refresh(self) -> str:
        """Rotate the tokens and return the new access token. Raises `EnrolAgain` where the server refuses."""
        who = identity(self._db)
        if who is None:
            raise NotEnrolled
        key = keys.load(self._folder / who.key_file)
        request = {"refresh_token": who.refresh_token, "proof": key.proof(who.issuer, who.refresh_token)}
        try:
            reply = self._transport.request("POST", "/v1/token", content=json.dumps(request).encode())
        except Problem as problem:
            if problem.code == "refresh_invalid":
                stored = identity(self._db)
                if stored is not None and stored.refresh_token != who.refresh_token:
                    return self.refresh()  # a twin process on this folder was faster
                raise EnrolAgain(f"{problem.detail}; enrol again with a new code, the outbox is kept") from None
            raise
        answer = _object(reply.value, ("access_token", "refresh_token"))
        failpoint("refresh.before_store")
        with self._db.writing():
            # Only in place of the token it was made from: a slow twin must not put an older one back.
            self._db.run(
                "UPDATE session SET access_token = ?, access_until = ?, refresh_token = ?"
                " WHERE refresh_token = ?",
                answer["access_token"], self._clock() + _seconds(answer), answer["refresh_token"],
                who.refresh_token,
            )  # fmt: skip
        return str(answer["access_token"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _object(value: Any, texts: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ContractBroken("the answer is not a JSON object")
    for name in texts:
        if not isinstance(value.get(name), str) or not value[name]:
            raise ContractBroken(f"the answer has no {name}")
    return value


def _seconds(answer: Mapping[str, Any]) -> int:
    seconds = answer.get("expires_in")
    return seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else 0
