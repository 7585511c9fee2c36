"""Every file that decodes text reads that of others in linear time, or says whose text it reads.

A new decoder has no entry here, and fails. The readers are run at n and at 2n, and their work is counted.
"""

import contextlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile.acknowledgement_file import COLUMNS
from backend.connectors.flatfile.files import File
from backend.connectors.flatfile.manifest import read_manifest
from backend.connectors.flatfile.options import read_options
from backend.connectors.flatfile.table import Table
from backend.connectors.tryton.errors import USER_ERRORS, refusal
from backend.connectors.tryton.values import loads
from backend.delivery.technical_terms import has_technical_terms
from backend.sync.unsent_import import read_export
from sync_protocol import base64url
from sync_protocol.cursor import decode_cursor
from sync_protocol.device.session.transport import Transport
from sync_protocol.inflate import ZLIB, inflate
from tests.architecture.test_contracts import ROOT, committed
from tests.work import require_linear

DECODES = re.compile(
    r"json\.loads\(|import .*\bdecode\b|csv\.reader\(|ZipFile\(|\binflate\(|b64decode\(|base64url\.decode\("
)
SKIPPED = re.compile("conformance/|backend/migrations/versions/")
"""The kit reads its own script; a migration reads what this server has stored."""
STORED = "what this server has checked and stored"
OWN_PHONE = "what this phone has stored"
PAGE = "hashes in a page of the server, each of a fixed length"
ROUTES = "the routes' own table: tests/unit/api/test_linear_routes.py"
WRITTEN_HERE = "what this command or this process has written"
READ_BY_OTHERS: dict[str, str] = {
    "backend/webapp/built_files.py": "what the build of the phone app has written",
    "backend/webapp/builder/build.py": "what the build of the phone app has written",
    "backend/webapp/builder/vendor.py": "package-lock.json, which is part of the source",
    "backend/api/request_body.py": ROUTES,
    "backend/api/tus.py": ROUTES,
    "backend/api/upload_chunk.py": ROUTES,
    "backend/identity/device_keys.py": ROUTES,
    "sync_protocol/device/sync/segments.py": PAGE,
    "sync_protocol/device/session/wipe_confirmation.py": OWN_PHONE,
    "backend/cli/editor.py": "what the person at the keyboard has typed",
    "backend/cli/parked.py": STORED,
    "backend/cli/sample_settings.py": WRITTEN_HERE,
    "backend/identity/audit.py": WRITTEN_HERE,
    "backend/office/sealed.py": WRITTEN_HERE,
    "backend/console/csrf.py": ROUTES,
    "backend/console/documents/body.py": STORED,
    "backend/identity/audit_export.py": WRITTEN_HERE,
    "backend/connectors/flatfile/watermark.py": STORED,
    "backend/connectors/tryton/watermark.py": STORED,
    "backend/connectors/tryton/options.py": "the operator's settings",
    "backend/connectors/tryton/order_lookups.py": "one field of a reply that is decoded and bounded",
    "backend/connectors/tryton/http.py": "passes a bounded reply to `values`, below",
    "backend/receipts/checking/process.py": "the bounded report of our own decoder",
    "backend/sample_erp/documents.py": WRITTEN_HERE,
    "backend/sample_erp/export.py": WRITTEN_HERE,
    "backend/sample_erp/replies.py": WRITTEN_HERE,
    "sync_protocol/canonical.py": "canonical JSON that the caller has written or checked",
    "sync_protocol/segment.py": "named by its content in a page of the server, and bounded",
    "sync_protocol/strict_json.py": "tests/unit/sync_protocol/test_strict_json.py",
}
"""Files that decode text for which another test counts, or whose text nobody else writes."""
READ_BY_OTHERS |= dict.fromkeys(
    (
        "backend/database/core.py",
        "backend/delivery/documents.py",
        "backend/office/batches.py",
        "backend/office/field_changes.py",
        "backend/delivery/followup/acknowledgements.py",
        "backend/delivery/followup/on_hold.py",
        "backend/delivery/forecasts.py",
        "backend/delivery/reconciliation/found.py",
        "backend/delivery/reconciliation/reconcile.py",
        "backend/feed/changes.py",
        "backend/feed/customer_merges.py",
        "backend/feed/former.py",
        "backend/feed/live.py",
        "backend/feed/reading.py",
        "backend/inbox/records.py",
        "backend/inbox/restored.py",
        "backend/office/actions.py",
        "backend/office/linking.py",
        "backend/office/queries.py",
        "backend/sync/returning.py",
        "backend/sync/waiting_for_receipts.py",
    ),
    STORED,
)
READ_BY_OTHERS |= dict.fromkeys(
    (
        "sync_protocol/device/capture/documents.py",
        "sync_protocol/device/capture/forms.py",
        "sync_protocol/device/driver.py",
        "sync_protocol/device/store/migrations.py",
        "sync_protocol/device/store/outbox.py",
        "sync_protocol/device/store/replica.py",
        "sync_protocol/device/session/wipe.py",
    ),
    OWN_PHONE,
)


def cursor(n: int, folder: Path) -> None:
    value = [1, "e", 1, 1, {f"territory:T{k}": ["customers", ["orders", k]] for k in range(n)}]
    decode_cursor(base64url.encode(zlib.compress(json.dumps(value).encode())))


def manifest(n: int, folder: Path) -> None:
    files = {f"f{k}.csv": {"rows": 1, "sha256": "0" * 64} for k in range(n)}
    path = folder / "manifest.json"
    path.write_text(json.dumps({"generated_at": "2026-11-23T09:00:00Z", "files": files}))
    read_manifest(path, keep_faults=True)


def table(line: str, times: int = 1) -> Callable[[int, Path], None]:
    def read(n: int, folder: Path) -> None:
        path = folder / "ack.csv"
        path.write_text(",".join(COLUMNS.split()) + "\n" + line * n * times)
        file = File(path.name, tuple(COLUMNS.split()), ("line_no",))
        Table(path, file, None, read_options({"folder": str(folder)})).close()

    return read


def tryton_values(n: int, folder: Path) -> None:
    loads(json.dumps({"id": 1, "result": [{"__class__": "Decimal", "decimal": "1.5"}] * n}).encode())


def tryton_sentence(n: int, folder: Path) -> None:
    for rule in USER_ERRORS:
        refusal(["UserError", [rule.pattern.pattern.replace(".*", "x" * n), ""], 1])


def sentence(n: int, folder: Path) -> None:
    for text in ("a" * n, "a-" * n, "a." * n, "A_" * n, "/" * n, "[0:" * n):
        has_technical_terms(text)


def export(n: int, folder: Path) -> None:
    path = folder / "unsent.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.json", '{"rep": "R1"}')
        archive.writestr("documents.json", json.dumps([{"id": k} for k in range(n)]))
        for k in range(n):
            archive.writestr(f"receipts/{k}", b"x")
    read_export(path)


def reply(n: int, folder: Path) -> None:
    Transport("https://s.example")._json(
        json.dumps([{"id": k} for k in range(n)]).encode(), 200, {"content-type": "application/json"}
    )


def gzipped(n: int, folder: Path) -> None:
    packed = zlib.compress(b"x" * 1000 * n)
    inflate([packed[k : k + 10] for k in range(0, len(packed), 10)], 10_000_000, wbits=ZLIB)


READERS: dict[str, list[Callable[[int, Path], None]]] = {
    "sync_protocol/cursor.py": [cursor],
    "sync_protocol/inflate.py": [gzipped],
    "sync_protocol/base64url.py": [lambda n, folder: base64url.decode(base64url.encode(b"x" * n)) and None],
    "sync_protocol/device/session/transport.py": [reply],
    "backend/connectors/flatfile/manifest.py": [manifest],
    "backend/connectors/flatfile/table.py": [table("K,1,ok,7,7,,\n"), table('a,"b\n'), table('x","c\n', 60)],
    "backend/connectors/tryton/values.py": [tryton_values],
    "backend/connectors/tryton/errors.py": [tryton_sentence],
    "backend/delivery/technical_terms.py": [sentence],
    "backend/sync/unsent_import.py": [export],
}


def test_every_file_that_decodes_text_is_in_a_table() -> None:
    paths = [str(path.relative_to(ROOT)) for path in committed("backend/*.py", "sync_protocol/*.py")]
    decoding = {
        path for path in paths if DECODES.search((ROOT / path).read_text()) and not SKIPPED.search(path)
    }
    assert decoding - READ_BY_OTHERS.keys() - READERS.keys() == set()
    assert [path for path in (*READ_BY_OTHERS, *READERS) if not (ROOT / path).is_file()] == []


def test_the_proof_that_no_name_occurs_twice_has_one_owner() -> None:
    paths = [str(path.relative_to(ROOT)) for path in committed("backend/*.py", "sync_protocol/*.py")]
    assert [path for path in paths if "object_pairs_hook" in (ROOT / path).read_text()] == [
        "sync_protocol/strict_json.py"
    ]


@pytest.mark.parametrize(
    "read", [pytest.param(read, id=f"{path}-{n}") for path in READERS for n, read in enumerate(READERS[path])]
)
def test_twice_the_text_takes_twice_the_work(read: Any, tmp_path: Path) -> None:
    def run(n: int) -> None:
        with contextlib.suppress(ValueError):
            read(n, tmp_path)

    require_linear(run, 300)
