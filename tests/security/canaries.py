"""Canaries: a word of its own for every field of every record and document, by the schemas of the catalogue."""

from typing import Any

from marshmallow import Schema, fields

from sync_protocol import fields as wire
from sync_protocol.fields import Choice, Key, Money, Percent, Quantity, Text

ULID = "01KBR9YJ3Q00000000000000{:02}"
FIXED: dict[type, Any] = {
    wire.Sha256: "ca" * 32, wire.Hash: "ca" * 8, wire.ReceiptRef: "sha256:" + "ca" * 32, wire.Percent: "2.5",
    wire.Instant: "2026-11-23T08:00:00Z", wire.Date: "2026-11-20", wire.Period: "2026-12", wire.Currency: "EUR",
    wire.Country: "DE", wire.Count: 1, wire.Flag: False, wire.Ulid: ULID.format(99),
}  # fmt: skip
"""Values of fields that have no space for a word."""


class Canaries:
    """Makes values with canaries; `words` has the path of the field that holds each."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def key(self, collection: str) -> str:
        """Return the key of the record of *collection*, which is a canary too."""
        return self._note(f"Zq-{collection.replace('_', '-')}-key", f"{collection}.key")

    def make(self, schema: type[Schema], path: str) -> dict[str, Any]:
        """Return an object of *schema* with a canary in each field that can hold one."""
        return {
            declared.data_key or name: self._value(declared, f"{path}.{name}")
            for name, declared in schema().fields.items()
        }

    def _value(self, declared: Any, path: str) -> Any:
        number = len(self.words)
        match declared:
            case fields.Nested():
                inner = self.make(type(declared.schema), path)
                return [inner] if declared.many else inner
            case fields.List():
                return [self._value(declared.inner, path)]
            case fields.Dict():
                return {"note": self._note(f"Zq{number:04}x", path)}
            case Choice():
                return declared.choices[0]
            case Key() if declared.references:
                return self.key(declared.references)
            case Text() | Key():
                return self._note(f"Zq{number:04}x", path)
            case Money() | Quantity() if not isinstance(declared, Percent) and declared.most is None:
                return self._note(f"7391{number:04}.5", path)
            case Money() | Quantity():
                return "3"
        return next(value for kind, value in FIXED.items() if isinstance(declared, kind))

    def _note(self, word: str, path: str) -> str:
        self.words.setdefault(word, path)
        return word

    def found_in(self, data: bytes, *, but: bytes = b"") -> dict[str, str]:
        """Return the canaries in *data* that are not in *but*, with their paths."""
        text, known = data.decode("utf-8", "replace"), but.decode("utf-8", "replace")
        return {word: path for word, path in self.words.items() if word in text and word not in known}
