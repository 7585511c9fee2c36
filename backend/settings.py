"""Every setting: its name, default and meaning, in one table that the docs and `satchel doctor` read.

Settings come from environment variables named SATCHEL_<NAME>. Whatever begins with SATCHEL_ERP_ belongs
to the connector, which checks it itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Number = TypeVar("Number", int, float)

PREFIX = "SATCHEL_"
ERP_PREFIX = "SATCHEL_ERP_"


class SettingError(ValueError):
    """A setting is wrong; the message names the variable and says what to write."""


def _text(value: str) -> str:
    return value.strip()


def _number(value: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(value)
    except ValueError:
        raise ValueError("must be a number" if kind is float else "must be a whole number") from None


def _seconds(value: str) -> float:
    number = _number(value, float)
    if not 0 <= number <= 86_400:
        raise ValueError("must be between 0 and 86400 seconds")
    return number


def _whole(value: str) -> int:
    number = _number(value, int)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _natural(value: str) -> int:
    number = _number(value, int)
    if number < 0:
        raise ValueError("must be 0 or more")
    return number


def _port(value: str) -> int:
    number = _number(value, int)
    if not 1 <= number <= 65_535:
        raise ValueError("must be between 1 and 65535")
    return number


def _count(value: str) -> int:
    number = _number(value, int)
    if not 0 <= number <= 10:
        raise ValueError("must be between 0 and 10")
    return number


def _yes_or_no(value: str) -> str:
    if value not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return value


def _address(value: str) -> str:
    found = urlsplit(value.strip())
    if value.strip() and not (found.scheme in ("http", "https") and found.netloc and not found.query):
        raise ValueError("must be an address such as https://cdn.example.com")
    return value.strip().rstrip("/")


def _store(value: str) -> str:
    if value.strip() and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?", value.strip()):
        raise ValueError("must be empty or s3://bucket/prefix")
    return value.strip().rstrip("/")


def _form(value: str) -> str:
    if value not in ("text", "json"):
        raise ValueError("must be text or json")
    return value


def _origins(value: str) -> tuple[str, ...]:
    """Read origins as browsers write them; one that no browser ever sends is a mistake and is refused."""
    origins = tuple(part.strip() for part in value.split(",") if part.strip())
    for origin in origins:
        if origin in ("*", "null"):
            raise ValueError(f"{origin} is every page there is; name the origins of your own apps")
        parts = urlsplit(origin)
        if f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname or "@" in origin:
            raise ValueError(f"{origin} is not an origin; write https://app.example.com, without a path")
        if parts.port == {"https": 443, "http": 80}.get(parts.scheme, 0) or origin != origin.lower():
            raise ValueError(f"{origin} is not how a browser writes it: lower case, without the usual port")
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"{origin} is not encrypted; use https")
    return origins


class Setting(NamedTuple):
    """One row of the table."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str


SETTINGS = (
    Setting("folder", "instance", _text, "Folder for the embedded database, keys and receipts."),
    Setting(
        "database_url", "", _text, "SQLAlchemy URL, postgresql+psycopg://…; empty for SQLite in the folder."
    ),
    Setting(
        "replica_url",
        "",
        _text,
        "SQLAlchemy URL of a streaming replica of PostgreSQL that serves pulls; empty for none.",
    ),
    Setting(
        "redis_url", "", _text, "Redis or Valkey URL for the doorbell; empty for polling the database only."
    ),
    Setting(
        "connector", "flatfile", _text, "Which ERP connector to use: flatfile, tryton, or a third party's."
    ),
    Setting("company", "Satchel sample company", _text, "The company's name, shown to reps at enrolment."),
    Setting(
        "public_url",
        "http://127.0.0.1:8000",
        _text,
        "Where phones reach this server; also the tokens' issuer.",
    ),
    Setting(
        "cors_origins",
        "",
        _origins,
        "Origins of apps of your own that run in a browser, separated by commas; empty for none.",
    ),
    Setting("host", "127.0.0.1", _text, "Address the web server listens on."),
    Setting("port", "8000", _port, "Port the web server listens on."),
    Setting("proxies", "0", _count, "Proxies before the web server, each adding to X-Forwarded-For."),
    Setting("web_threads", "8", _whole, "Threads of each web process."),
    Setting("web_processes", "1", _whole, "Web processes; more than one needs PostgreSQL."),
    Setting("poll_seconds", "2", _seconds, "How often a worker looks for due submissions by itself."),
    Setting("ingest_seconds", "60", _seconds, "Pause between two readings of the ERP."),
    Setting(
        "sweep_seconds", "86400", _seconds, "Pause between two listings of all keys, which find deletions."
    ),
    Setting(
        "lease_seconds", "120", _seconds, "How long a worker may hold a submission without a sign of life."
    ),
    Setting(
        "quiet_seconds",
        "",
        _text,
        "Wait before an unknown outcome is looked up; empty for the connector's own.",
    ),
    Setting(
        "backoff_base_seconds",
        "5",
        _seconds,
        "First retry of what the ERP could not take; doubles, with jitter.",
    ),
    Setting("backoff_cap_seconds", "900", _seconds, "Longest wait between two retries."),
    Setting("tombstone_days", "90", _whole, "How long a phone may stay away without starting over."),
    Setting(
        "shrink_guard_percent", "40", _whole, "Refuse a listing that lost more than this share of its keys."
    ),
    Setting(
        "segment_rows", "500", _natural, "Live records from which a stream gets segments; 0 for no segments."
    ),
    Setting(
        "segment_tail_percent",
        "20",
        _whole,
        "Changes since a stream's segments, in percent of their records, after which they are built anew.",
    ),
    Setting("segment_base_url", "", _address, "A CDN's address; phones fetch segments there by signed links."),
    Setting("segment_link_seconds", "3600", _whole, "Links to segments are good for once to twice as long."),
    Setting("segment_store", "", _store, "Where segments lie: empty for the folder, or s3://bucket/prefix."),
    Setting("segment_s3_endpoint", "", _address, "Address of an S3-compatible store; empty for AWS."),
    Setting(
        "segment_presign", "no", _yes_or_no, "Let phones fetch segments from the S3 store itself: yes or no."
    ),
    Setting(
        "segment_accel",
        "",
        _text,
        "Path under which nginx serves the segments' folder internally (X-Accel-Redirect).",
    ),
    Setting("log", "text", _form, "How logs are written: text for a person, json for a machine."),
    Setting("failpoints", "", _text, "For tests only: points at which to kill, raise or sleep."),
)


@dataclass(frozen=True)
class Settings:
    """The settings in force, each under its name in `SETTINGS`; `erp` holds the connector's own."""

    folder: Path
    database_url: str
    replica_url: str
    redis_url: str
    connector: str
    company: str
    public_url: str
    cors_origins: tuple[str, ...]
    host: str
    port: int
    proxies: int
    web_threads: int
    web_processes: int
    poll_seconds: float
    ingest_seconds: float
    sweep_seconds: float
    lease_seconds: float
    quiet_seconds: str
    backoff_base_seconds: float
    backoff_cap_seconds: float
    tombstone_days: int
    shrink_guard_percent: int
    segment_rows: int
    segment_tail_percent: int
    segment_base_url: str
    segment_link_seconds: int
    segment_store: str
    segment_s3_endpoint: str
    segment_presign: str
    segment_accel: str
    log: str
    failpoints: str
    erp: Mapping[str, str] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded one, which one node alone may use."""
        return make_url(self.database_url).get_backend_name() == "sqlite"


def _backend(url: str) -> str:
    try:
        return make_url(url).get_backend_name()
    except ArgumentError:
        return ""


OF_THE_DEVICE = ("SATCHEL_DEVICE", "SATCHEL_SERVER", "SATCHEL_DEVICE_FAILPOINTS")
"""Read by `satchel device` and by the reference device; no settings of the server."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of *environ*; raises `SettingError` for the first that is wrong or unknown."""
    known = {PREFIX + setting.name.upper() for setting in SETTINGS}
    for name in environ:
        elsewhere = name in OF_THE_DEVICE or name.startswith(ERP_PREFIX)
        if name.startswith(PREFIX) and name not in known and not elsewhere:
            raise SettingError(f"{name} is not a setting; `satchel doctor --settings` lists those there are")
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        variable = PREFIX + setting.name.upper()
        raw = environ.get(variable, setting.default)
        try:
            values[setting.name] = setting.read(raw)
        except ValueError as error:
            raise SettingError(f"{variable}={raw!r}: {error}. {setting.help}") from None
    values["folder"] = Path(values["folder"]).expanduser().resolve()
    values["database_url"] = values["database_url"] or f"sqlite:///{values['folder'] / 'satchel.sqlite'}"
    backend = _backend(values["database_url"])
    if backend not in ("sqlite", "postgresql"):
        raise SettingError("SATCHEL_DATABASE_URL: write postgresql+psycopg://user:password@host/database")
    _segments_fit(values)
    if values["replica_url"] and {backend, _backend(values["replica_url"])} != {"postgresql"}:
        raise SettingError(
            "SATCHEL_REPLICA_URL: write postgresql+psycopg://user:password@host/database, the streaming "
            "replica of the PostgreSQL that SATCHEL_DATABASE_URL names; the embedded database has none"
        )
    erp = {
        name.removeprefix(ERP_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ERP_PREFIX)
    }
    return Settings(**values, erp=erp)


def _segments_fit(values: Mapping[str, Any]) -> None:
    """Raise `SettingError` where settings of segments contradict each other or only half of a pair is set."""
    bucket = values["segment_store"]
    if values["segment_s3_endpoint"] and not bucket:
        raise SettingError("SATCHEL_SEGMENT_S3_ENDPOINT needs SATCHEL_SEGMENT_STORE=s3://bucket/prefix")
    if values["segment_presign"] == "yes" and not bucket:
        raise SettingError("SATCHEL_SEGMENT_PRESIGN=yes needs SATCHEL_SEGMENT_STORE=s3://bucket/prefix")
    if values["segment_presign"] == "yes" and values["segment_base_url"]:
        raise SettingError("SATCHEL_SEGMENT_PRESIGN and SATCHEL_SEGMENT_BASE_URL: choose one kind of link")
    if values["segment_accel"] and bucket:
        raise SettingError("SATCHEL_SEGMENT_ACCEL is for segments in the folder; SATCHEL_SEGMENT_STORE is set")
    if values["segment_accel"] and not values["segment_accel"].startswith("/"):
        raise SettingError("SATCHEL_SEGMENT_ACCEL: write a path such as /internal/segments")
