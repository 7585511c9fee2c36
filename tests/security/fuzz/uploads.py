"""Target: the headers of resumable uploads (tus), with a piece that fits them or does not."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from hypothesis import strategies as st

from backend.api import tus
from backend.api.problems import Problem
from tests.contract.wire.story import PIECE, PNG
from tests.security.fuzz.inputs import mutated_bytes, mutated_text
from tests.security.fuzz.requests import Running, running
from tests.security.fuzz.target import Check, Target, accepts, pure
from tests.security.hostile_requests import _header

PATH = "/v1/receipts"
ROUTE = "/v1/receipts/{upload_id}"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


DIGEST = hashlib.sha256(PNG).hexdigest()
METADATA = f"sha256 {_b64(DIGEST.encode())},filename {_b64(b'lunch.png')}"
CREATE = {**PIECE, "Upload-Length": str(len(PNG)), "Upload-Metadata": METADATA}
ADD = {**PIECE, "Upload-Offset": "0", "Upload-Checksum": f"sha256 {_b64(hashlib.sha256(PNG).digest())}"}


def _changed(sound: dict[str, str]) -> st.SearchStrategy[dict[str, str]]:
    """Draw *sound* with some headers changed, left out or added."""
    names = st.sampled_from(
        [*sound, "Upload-Concat", "Upload-Defer-Length", "Content-Encoding", "Content-Length"]
    )
    values = mutated_text(*sound.values()) | st.integers(-2, 2**70).map(str)
    changes = st.dictionaries(names, st.none() | values, max_size=2)
    return changes.map(lambda drawn: {n: v for n, v in {**sound, **drawn}.items() if v is not None})


@contextmanager
def _opened() -> Iterator[Check]:
    with running() as run:

        def check(drawn: tuple[dict[str, str], dict[str, str], bytes, bytes]) -> bool:
            create, add, first, piece = drawn
            run.tick()
            reply = _send(run, "POST", PATH, create, first, PATH)
            if reply.status_code != 201:
                return False
            place = reply.headers["Location"]
            added = _send(run, "PATCH", place, add, piece, ROUTE)
            own = {**_authorization(run), "Tus-Resumable": "1.0.0"}
            assert run.target.installation.client.delete(place, headers=own).status_code in (204, 404)
            return bool(added.status_code == 204)

        yield check


def _authorization(run: Running) -> dict[str, str]:
    return {"Authorization": f"Bearer {run.target.phone.access_token}"}


def _send(run: Running, method: str, path: str, headers: dict[str, str], data: bytes, route: str) -> Any:
    sent = {name: _header(value) for name, value in headers.items()}
    length = sent.pop("Content-Length", None)
    overrides = {"CONTENT_LENGTH": length} if length is not None else {}
    return run.send(method, path, data, {**sent, **_authorization(run)}, route, overrides)


_APP = Flask(__name__)


def check_metadata(data: bytes) -> bool:
    """Read *data* as the header Upload-Metadata, as a WSGI server passes it on."""
    text = data.decode("latin-1").replace("\r", " ").replace("\n", " ")
    with _APP.test_request_context(headers={"Upload-Metadata": text}):
        return accepts(Problem, tus.read_metadata)


PIECES = st.sampled_from((b"", PNG, PNG[:40], PNG + b"x")) | st.binary(max_size=60)
TARGETS = (
    Target(
        "tus-headers",
        st.tuples(st.just(CREATE) | _changed(CREATE), st.just(ADD) | _changed(ADD),
                  st.just(b"") | PIECES, st.just(PNG) | PIECES),
        _opened,
        share=0.4,
    ),
    pure("tus-metadata", mutated_bytes(METADATA.encode()) | st.just(METADATA.encode()), check_metadata),
)  # fmt: skip
