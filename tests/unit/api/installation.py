"""An installation for tests: the app on a database with a tiny company, and phones that call it."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from ulid import ULID
from werkzeug.test import TestResponse

from backend.api.services import EXTENSION, Services
from backend.app import create_app
from backend.clock import ManualClock
from backend.database.core import Sessions, db
from backend.identity import enrolment
from backend.settings import Settings
from tests.databases import prepared
from tests.unit.sync import company


@dataclass
class Installation:
    """The app, its database, settings and clock."""

    app: Flask
    sessions: Sessions
    settings: Settings
    clock: ManualClock

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    @property
    def satchel(self) -> Services:
        return self.app.extensions[EXTENSION]

    def code(self, rep: str = "R1") -> str:
        with self.sessions() as session, session.begin():
            return enrolment.create(session, rep, self.clock.now())

    def phone(self, rep: str = "R1") -> "Phone":
        """Return an enrolled phone of *rep*."""
        phone = Phone(self)
        assert phone.enrol(self.code(rep)).status_code == 201
        return phone

    def change(self, work: Any) -> Any:
        """Run *work(session)* in a transaction of its own."""
        with self.sessions() as session, session.begin():
            return work(session)

    def get(self, model: Any, key: Any) -> Any:
        with self.sessions() as session:
            return session.get(model, key)


@dataclass
class Phone:
    """A phone: a key, and the tokens of its last enrolment or refresh."""

    installation: Installation
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    access_token: str = ""
    refresh_token: str = ""
    device_id: str = ""

    @property
    def public_key(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.key.public_key().public_bytes_raw())}

    def enrol(self, code: str) -> TestResponse:
        body = {"code": code, "public_key": self.public_key, "device_name": "Pixel", "app_version": "1.0"}
        reply = self.installation.client.post("/v1/enrol", json=body)
        if reply.status_code == 201:
            self.keep(reply)
            self.device_id = reply.json["device_id"]
        return reply

    def keep(self, reply: TestResponse) -> None:
        self.access_token, self.refresh_token = reply.json["access_token"], reply.json["refresh_token"]

    def refresh(self, refresh_token: str | None = None, proof: str | None = None) -> TestResponse:
        token = refresh_token or self.refresh_token
        body = {"refresh_token": token, "proof": proof or self.proof(token)}
        return self.installation.client.post("/v1/token", json=body)

    def proof(self, refresh_token: str, **more: Any) -> str:
        claims = {
            "aud": self.installation.satchel.issuer,
            "rth": rth(refresh_token),
            "jti": str(ULID()),
            **more,
        }
        return jwt.encode(claims, self.key, algorithm="EdDSA")

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.access_token}", **more.pop("headers", {})}
        return self.installation.client.open(path, method=method, headers=headers, **more)

    def pull(self, cursor: str | None = None, **more: Any) -> TestResponse:
        query = {**({"cursor": cursor} if cursor else {}), **more.pop("query", {})}
        return self.ask("GET", "/v1/pull", query_string=query, **more)

    def push(self, *submissions: Any, **more: Any) -> TestResponse:
        return self.ask("POST", "/v1/push", json={"submissions": list(submissions)}, **more)


def rth(refresh_token: str) -> str:
    return b64(hashlib.sha256(refresh_token.encode()).digest())


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@contextmanager
def install(
    settings: Settings, clock: ManualClock, records: Callable[[Sessions], None] = company.master_data
) -> Iterator[Installation]:
    """Yield an installation with the tests' reps and *records*; everything is closed afterwards."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    sessions = prepared(settings.database_url)
    company.reps(sessions)
    records(sessions)
    app = create_app(settings, clock)
    app.testing = False
    try:
        yield Installation(app, sessions, settings, clock)
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        sessions.kw["bind"].dispose()


def writer(installation: Installation) -> Session:
    """Return a session that holds the database's write lock until it is closed."""
    session = installation.sessions()
    session.connection()
    return session
