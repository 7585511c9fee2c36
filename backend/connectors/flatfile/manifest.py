"""Manifests: written last, they say what the other files must be, so that an incomplete file is never read."""

import codecs
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.erp.sanitize import shown
from backend.files import open_file
from sync_protocol.external_name import NameRefused, plain_name
from sync_protocol.strict_json import NotStrictJson, decode

SHA256 = re.compile(r"[0-9a-f]{64}")
LARGEST = 1 << 20


class ManifestFault(ValueError):
    """The manifest is invalid; the message names it and says what is wrong."""


@dataclass(frozen=True)
class Entry:
    """What one data file must be. `rows` counts records without the header, not lines."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`files` has an entry per data file; `more` has all other fields. `faults` has the invalid entries."""

    generated_at: dt.datetime
    files: Mapping[str, Entry]
    more: Mapping[str, Any]
    faults: Mapping[str, ManifestFault]


def read_manifest(path: Path, *, keep_faults: bool = False) -> Manifest:
    """Return the manifest at *path*; raises `ManifestFault`, FileNotFoundError or another OSError.

    With *keep_faults* an invalid entry is no fault of the others.

    An export has `{"generated_at": …, "files": {"units.csv": {"rows": 12, "sha256": "…"}}}`; a single
    data file may have the short form `{"generated_at": …, "rows": 3, "sha256": "…"}`.
    """
    with open_file(path) as opened:
        raw = opened.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise ManifestFault(f"{path.name} is larger than {LARGEST} bytes; no manifest is that large")
    try:
        value = decode(raw.removeprefix(codecs.BOM_UTF8))
    except NotStrictJson as error:
        raise ManifestFault(f"{path.name} is not JSON in utf-8: {str(error).rstrip('.')}") from None
    if not isinstance(value, dict):
        raise ManifestFault(f"{path.name} must be a JSON object with generated_at and files")
    files = value.get("files")
    if files is None and "sha256" in value:
        name = path.name.removesuffix(".manifest.json") + ".csv"
        files = {name: {"rows": value.get("rows"), "sha256": value.get("sha256")}}
    if not isinstance(files, dict) or not files:
        raise ManifestFault(f"{path.name} must list the data files under files")
    entries: dict[str, Entry] = {}
    faults: dict[str, ManifestFault] = {}
    for name, entry in files.items():
        try:
            entries[name] = _entry(path.name, name, entry)
        except ManifestFault as fault:
            if not keep_faults:
                raise
            faults[name] = fault
    more = {name: item for name, item in value.items() if name not in ("generated_at", "files")}
    return Manifest(_moment(path.name, value.get("generated_at")), entries, more, faults)


def _entry(manifest: str, name: str, value: Any) -> Entry:
    try:
        plain_name(name)
    except NameRefused as fault:
        raise ManifestFault(f"{manifest}: files: {fault}") from None
    rows = value.get("rows") if isinstance(value, dict) else None
    sha256 = value.get("sha256") if isinstance(value, dict) else None
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
        raise ManifestFault(f"{manifest}: rows of {name} must be a whole number, not {shown(rows)}")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256.lower()):
        raise ManifestFault(f"{manifest}: sha256 of {name} must be 64 hexadecimal digits, not {shown(sha256)}")
    return Entry(rows, sha256.lower())


def _moment(manifest: str, value: Any) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        raise ManifestFault(
            f"{manifest}: generated_at must be a time such as 2026-11-23T09:00:00Z, not {shown(value)}"
        ) from None
    return moment


def manifest_bytes(generated_at: str, files: Mapping[str, tuple[int, bytes]], **more: Any) -> bytes:
    """Return a manifest for *files* (name → rows and content)."""
    entries = {
        name: {"rows": rows, "sha256": hashlib.sha256(content).hexdigest()}
        for name, (rows, content) in files.items()
    }
    value = {"generated_at": generated_at, "files": entries, **more}
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
