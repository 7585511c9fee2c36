"""What the browser device checks captured documents by: references and rules of each kind, as the contract has
them.
"""

import json
from pathlib import Path
from typing import Any

from sync_protocol.catalogue import KINDS
from sync_protocol.citing import Citing, citing

RULES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs/reference/rules.json").read_text())
NO_RULES: dict[str, Any] = {"records": {}, "rules": []}


def contract() -> dict[str, Any]:
    """Return kinds with the fields that cite records, their rules, and the decimals of currencies."""
    kinds = [
        {"name": name, "fields": _fields(citing(kind.schema)), **RULES["kinds"].get(name, NO_RULES)}
        for name, kind in KINDS.items()
    ]
    return {"kinds": kinds, "currencies": RULES["currencies"]}


def _fields(cited: Citing) -> list[dict[str, Any]]:
    own: list[dict[str, Any]] = [{"name": name, "references": collection} for name, collection in cited.own]
    for name, many, inner in cited.inside:
        fields = {"fields": _fields(inner)}
        own.append({"name": name, **({"item": fields} if many else fields)})
    return own
