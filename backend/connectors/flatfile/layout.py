"""The folder that an ERP and Satchel share, and the names of everything in it."""

import datetime as dt
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sync_protocol.catalogue import KINDS
from sync_protocol.external_name import NameRefused, plain_name

EXPORT = re.compile(r"\d{8}T\d{6}(\.\d{1,6})?Z", re.ASCII)
"""The name of an export is its time in UTC, so that names sort by age: 20261123T090000Z."""

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_KINDS = "|".join(kind.name.upper() for kind in KINDS.values() if kind.has_own_document)
DOCUMENT = re.compile(rf"(?P<kind>{_KINDS})_(?P<key>{ULID.pattern})")
FORECAST = re.compile(
    r"(?P<stem>FORECAST_[A-Za-z0-9._~%-]+_(?P<period>\d{4}-\d\d))_(?P<number>\d{6,20})_[0-9a-f]{8}",
    re.ASCII,
)
ACK = "ACK_"
MANIFEST = ".manifest.json"
EXPORT_MANIFEST = "manifest.json"

LONGEST_CODE = 80
"""Characters of a warehouse's code in a file's name. With it, all names are shorter than 143 bytes: some file
systems allow no more, most allow 255."""
LONGEST_NAME = 200
"""Bytes of a name to which endings are added."""


@dataclass(frozen=True)
class Layout:
    """The five folders.

    Satchel never creates the shared folder: if the share is not mounted, the ERP would not see what is written.
    """

    folder: Path

    @property
    def from_erp(self) -> Path:
        """Exports of the ERP: one folder each, finished by its manifest."""
        return self.folder / "from_erp"

    @property
    def to_erp(self) -> Path:
        """Documents that wait for an acknowledgement."""
        return self.folder / "to_erp"

    @property
    def acks(self) -> Path:
        """Acknowledgements that Satchel has not settled yet."""
        return self.folder / "acks"

    @property
    def archive(self) -> Path:
        """Settled documents and acknowledgements, by month."""
        return self.folder / "archive"

    @property
    def rejected(self) -> Path:
        """Files of the ERP that could not be used, each with the reason beside it."""
        return self.folder / "rejected"

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.from_erp, self.to_erp, self.acks, self.archive, self.rejected)

    def make(self) -> None:
        """Create all five folders, to set up the exchange."""
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)

    def archived(self, stem: str) -> Path:
        """Return the folder of the archive for the document named *stem*."""
        if forecast := FORECAST.fullmatch(stem):
            return self.forecasts(forecast["period"])
        document = DOCUMENT.fullmatch(stem)
        return self.archive / (month_of(document["key"]) if document else "other")

    def forecasts(self, period: str) -> Path:
        """Return the folder of the archive for the forecasts of a month."""
        return self.archive / f"forecast-{period}"


def moment_of(name: str) -> str:
    """Return the name of an export in a form that sorts by time, with or without a fraction of a second."""
    seconds, _, fraction = name.removesuffix("Z").partition(".")
    return f"{seconds}.{fraction:<06}"


def time_of(name: str) -> dt.datetime | None:
    """Return the time in the name of an export; None if there is no such time."""
    try:
        return dt.datetime.strptime(moment_of(name)[:22], "%Y%m%dT%H%M%S.%f").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def document_stem(kind: str, key: str) -> str:
    """Return the name, without an ending, of the document of *kind* with our *key*."""
    return f"{kind.upper()}_{key}"


def forecast_stem(warehouse_id: str, period: str) -> str:
    """Return the beginning of the names of the forecasts for one warehouse and month."""
    # Each code has a name of its own: "~" is only before the digest of a code that is too long.
    code = quote(warehouse_id, safe="").replace("~", "%7E")
    if len(code) > LONGEST_CODE:
        code = f"{code[:40]}~{hashlib.sha256(code.encode()).hexdigest()[:32]}"
    return f"FORECAST_{code}_{period}"


def bounded_name(name: str) -> str:
    """Return *name*, a file's, or a plain and shorter one of its own, so that endings can be added to it."""
    raw = os.fsencode(name)
    try:
        if len(plain_name(name)) <= LONGEST_NAME:
            return name
    except NameRefused:
        pass
    begin = re.sub(r"[^A-Za-z0-9_-]", "_", os.fsdecode(raw))[: LONGEST_NAME - 34]
    return f"_{begin}~{hashlib.sha256(raw).hexdigest()[:32]}"


def month_of(ulid: str) -> str:
    """Return the month in which *ulid* was made, such as `2026-11`, by the device's clock."""
    milliseconds = 0
    for letter in ulid[:10]:
        milliseconds = milliseconds * 32 + CROCKFORD.index(letter)
    try:
        return f"{dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC):%Y-%m}"
    except (OverflowError, OSError, ValueError):
        return "undated"  # the clock of the device is thousands of years ahead
