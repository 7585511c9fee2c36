"""The contract: everything that an app must know to draw lists, pages and forms, as one JSON value.

docs/contract.md describes its form. It is rendered from the catalogue and the wording and has no data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import digest
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.collection import Collection, Kind
from sync_protocol.contract import collections, kinds, vocabulary
from sync_protocol.contract.labels import Labels
from sync_protocol.contract.types import TYPES
from sync_protocol.currency import DECIMALS, USUAL_DECIMALS
from sync_protocol.receipt_types import EXTENSIONS
from sync_protocol.wording import LANGUAGES

FORMAT = 1
"""Raised by a change that an app of today cannot read."""
VERSION_CHARACTERS = 16


def contract(
    of_collections: Mapping[str, Collection] = COLLECTIONS, of_kinds: Mapping[str, Kind] = KINDS
) -> dict[str, Any]:
    """Return the contract of these collections and kinds, with the keys that docs/contract.md has.

    A missing text is its identifier.
    """
    return _rendered(of_collections, of_kinds, Labels())


@dataclass(frozen=True)
class RenderedContract:
    """The contract as it is sent: compact JSON, and its version."""

    body: bytes
    version: str


def rendered_contract() -> RenderedContract:
    """Return the contract of the catalogue as it is sent."""
    content = contract()
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return RenderedContract(text.encode(), content["version"])


def missing_texts(
    of_collections: Mapping[str, Collection] = COLLECTIONS, of_kinds: Mapping[str, Kind] = KINDS
) -> list[str]:
    """Return the keys of `sync_protocol.wording` that the contract needs and that have no text, in order."""
    labels = Labels()
    _rendered(of_collections, of_kinds, labels)
    return labels.missing


def _rendered(
    of_collections: Mapping[str, Collection], of_kinds: Mapping[str, Kind], labels: Labels
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": FORMAT,
        "revision": SCHEMA_REVISION,
        "languages": [dict(language) for language in LANGUAGES],
        "types": TYPES,
        "collections": [collections.described(collection, labels) for collection in of_collections.values()],
        "kinds": [kinds.described(kind, labels) for kind in of_kinds.values()],
        **vocabulary.described(labels),
        "currencies": {"usual_decimals": USUAL_DECIMALS, "decimals": dict(sorted(DECIMALS.items()))},
        "receipts": {"types": EXTENSIONS},
    }
    return {"format": FORMAT, "version": digest(content)[:VERSION_CHARACTERS], **content}
