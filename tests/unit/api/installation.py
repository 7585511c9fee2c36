"""An installation for tests: the app on a database with a tiny company, and phones that call it."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from ulid import ULID
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from backend.api.rates.limits import Rates
from backend.api.services import EXTENSION, Services
from backend.api.web_app import WebApp
from backend.app import create_app
from backend.clock import ManualClock
from backend.console import routes as console
from backend.database.core import Sessions
from backend.database.web_session import db
from backend.identity import enrolment, proof_nonces
from backend.settings import Settings
from backend.sync.checked_receipts import receipt_checks
from sync_protocol.dpop import PROOF_HEADER, PROOF_TYPE
from tests.databases import copied, engine_of, prepared
from tests.unit.sync import company


@dataclass
class Installation:
    """The app, its database, settings and clock."""

    app: WebApp
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

    def forget_failures(self) -> None:
        """Forget the wrong credentials that were counted so far."""
        self.app.extensions[EXTENSION] = replace(
            self.satchel, rates=Rates(self.settings, lambda: self.clock.now().timestamp())
        )

    def phone(self, rep: str = "R1") -> "Phone":
        """Return an enrolled phone of *rep*."""
        phone = Phone(self)
        assert phone.enrol(self.code(rep)).status_code == 201
        return phone

    def change(self, write: Any) -> Any:
        """Run *work(session)* in a transaction of its own."""
        with self.sessions() as session, session.begin():
            return write(session)

    def check_receipts(self) -> int:
        """Check the receipts that have arrived, as the worker does; return how many have a result."""
        return receipt_checks(self.settings, self.sessions, self.clock).run_due()

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
        reply = self.installation.client.post("/v1/enrol", json=body, headers=self.proven("/v1/enrol"))
        if reply.status_code == 201:
            self.keep(reply)
            self.device_id = reply.json["device_id"]
        return reply

    def keep(self, reply: TestResponse) -> None:
        self.access_token, self.refresh_token = reply.json["access_token"], reply.json["refresh_token"]

    def refresh(self, refresh_token: str | None = None, proof: str | None = None) -> TestResponse:
        body = {"refresh_token": refresh_token or self.refresh_token}
        headers = self.proven("/v1/token") if proof is None else {PROOF_HEADER: proof}
        return self.installation.client.post("/v1/token", json=body, headers=headers)

    def proven(self, path: str, **changed: Any) -> dict[str, str]:
        return {PROOF_HEADER: self.proof(path, **changed)}

    def proof(self, path: str, **changed: Any) -> str:
        """Return a new proof for a POST to *path*; *changed* replaces members of its payload, None removes
        one."""
        satchel = self.installation.satchel
        now = self.installation.clock.now()
        payload = {
            "jti": str(ULID()),
            "htm": "POST",
            "htu": satchel.issuer + path,
            "iat": int(now.timestamp()),
            "nonce": proof_nonces.issue(satchel.keys.secrets(now), now),
            **changed,
        }
        return sign_proof({name: value for name, value in payload.items() if value is not None}, self.key)

    def ask(self, method: str, path: str, **request: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.access_token}", **request.pop("headers", {})}
        return self.installation.client.open(path, method=method, headers=headers, **request)

    def pull(self, cursor: str | None = None, **request: Any) -> TestResponse:
        query = {**({"cursor": cursor} if cursor else {}), **request.pop("query", {})}
        return self.ask("GET", "/v1/pull", query_string=query, **request)

    def push(self, *submissions: Any, **request: Any) -> TestResponse:
        return self.ask("POST", "/v1/push", json={"submissions": list(submissions)}, **request)


def sign_proof(payload: dict[str, Any], key: Ed25519PrivateKey, **header: Any) -> str:
    """Return a DPoP proof over *payload*; *header* replaces members of its header."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw())}
    return jwt.encode(payload, key, algorithm="EdDSA", headers={"typ": PROOF_TYPE, "jwk": jwk, **header})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _fill(engine: Engine) -> None:
    sessions = prepared(str(engine.url))
    company.reps(sessions)
    company.master_data(sessions)
    engine_of(sessions).dispose()


@contextmanager
def install(
    settings: Settings, clock: ManualClock, records: Callable[[Sessions], None] = company.master_data
) -> Iterator[Installation]:
    """Yield an installation with the tests' reps and *records*; everything is closed afterwards."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    if records is company.master_data and copied(settings.database_url, _fill):
        sessions = prepared(settings.database_url)
    else:
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
        engine_of(sessions).dispose()


def api_rules(installation: Installation) -> list[Rule]:
    """Return the rules of the URL map without those of the console, whose people have sessions."""
    rules = installation.app.url_map.iter_rules()
    return [rule for rule in rules if not rule.endpoint.startswith(f"{console.BLUEPRINT}.")]


def writer(installation: Installation) -> Session:
    """Return a session that holds the database's write lock until it is closed."""
    session = installation.sessions()
    session.connection()
    return session
