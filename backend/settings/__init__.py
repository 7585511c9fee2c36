"""The settings in force, read from environment variables named SATCHEL_<NAME>.

Whatever begins with SATCHEL_ERP_ belongs to the connector, which checks it itself.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from backend.settings.table import SETTINGS, Setting

__all__ = ["ERP_PREFIX", "PREFIX", "SETTINGS", "Setting", "SettingError", "Settings", "read_settings"]

PREFIX = "SATCHEL_"
ERP_PREFIX = "SATCHEL_ERP_"


class SettingError(ValueError):
    """A setting is wrong; the message names the variable and says what to write."""


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
    compare_days: int
    lease_seconds: float
    quiet_seconds: float | None
    max_in_flight: int | None
    retry_pattern: tuple[str, ...]
    backoff_base_seconds: float
    backoff_cap_seconds: float
    parked_reservation_seconds: float
    alert_after: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    smtp_user: str
    smtp_password: str
    smtp_from: str
    smtp_to: str
    webhook_url: str
    webhook_secret: str
    reconcile_days: int
    poll_after_seconds: int
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
    metrics_address: str
    failpoints: str
    erp: Mapping[str, str] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded one, which one node alone may use."""
        return make_url(self.database_url).get_backend_name() == "sqlite"


def _processors() -> int:
    """Return how many processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    values["web_processes"] = values["web_processes"] or (1 if backend == "sqlite" else min(_processors(), 4))
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
