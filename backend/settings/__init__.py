"""The settings of this process, read from environment variables named SATCHEL_<NAME>.

Variables that begin with SATCHEL_ERP_ are the options of the connector, which declares and reads them in
the same way.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from backend.settings import exposure
from backend.settings.declaration import (
    ERP_PREFIX,
    PREFIX,
    SettingError,
    declared_settings,
    read_values,
    refuse_unknown,
    variable,
)
from backend.settings.server import Settings

__all__ = ["ERP_PREFIX", "PREFIX", "SettingError", "Settings", "read_settings", "to_environ"]

DEVICE_VARIABLES = ("SATCHEL_DEVICE", "SATCHEL_SERVER", "SATCHEL_DEVICE_FAILPOINTS")
"""Read by `satchel device` and by the reference device; not settings of the server."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings in *environ*; raises `SettingError` for the first one that is wrong or unknown."""
    variables = {
        name: text
        for name, text in environ.items()
        if name.startswith(PREFIX) and not name.startswith(ERP_PREFIX) and name not in DEVICE_VARIABLES
    }
    refuse_unknown(variables, Settings, PREFIX, "`satchel doctor --settings` lists them all")
    variables = {name.removeprefix(PREFIX).lower(): text for name, text in variables.items()}
    values = read_values(Settings, variables, PREFIX)
    values["folder"] = Path(values["folder"]).expanduser().resolve()
    values["database_url"] = values["database_url"] or f"sqlite:///{values['folder'] / 'satchel.sqlite'}"
    backend = _backend(values["database_url"])
    values["web_processes"] = values["web_processes"] or (1 if backend == "sqlite" else min(_cpus(), 4))
    _check_databases(backend, values["standby_url"])
    _check_segments(values)
    _check_tls(values)
    exposure.check(values, environ.get("PGSSLMODE", ""))
    erp = {
        name.removeprefix(ERP_PREFIX).lower(): text
        for name, text in environ.items()
        if name.startswith(ERP_PREFIX)
    }
    return Settings(**values, erp=erp)


def to_environ(settings: Settings) -> dict[str, str]:
    """Return the variables from which `read_settings` reads the same *settings*, for a child process."""
    own = {
        variable(PREFIX, each.name): _to_text(getattr(settings, each.name))
        for each in declared_settings(Settings)
    }
    return own | {variable(ERP_PREFIX, name): text for name, text in settings.erp.items()}


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _backend(url: str) -> str:
    """Return the backend of *url*; empty if it cannot be parsed or names a driver that is not installed."""
    try:
        address = make_url(url)
    except ArgumentError:
        return ""
    is_ours = address.drivername in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg") and address.database
    return address.get_backend_name() if is_ours else ""


def _check_databases(backend: str, standby_url: str) -> None:
    if backend not in ("sqlite", "postgresql"):
        raise SettingError("SATCHEL_DATABASE_URL: write postgresql+psycopg://user:password@host/database")
    if standby_url and {backend, _backend(standby_url)} != {"postgresql"}:
        raise SettingError(
            "SATCHEL_STANDBY_URL: write postgresql+psycopg://user:password@host/database, the streaming "
            "standby of the PostgreSQL database in SATCHEL_DATABASE_URL; SQLite has no standby"
        )


def _check_tls(values: Mapping[str, Any]) -> None:
    if bool(values["tls_certificate"]) != bool(values["tls_key"]):
        raise SettingError("SATCHEL_TLS_CERTIFICATE and SATCHEL_TLS_KEY: set both, or neither")
    if values["tls_certificate"] and values["web_server"] != "granian":
        raise SettingError(
            "SATCHEL_TLS_CERTIFICATE needs SATCHEL_WEB_SERVER=granian; gunicorn needs a proxy for HTTPS"
        )


def _check_segments(values: Mapping[str, Any]) -> None:
    """Raise `SettingError` if settings of segments contradict each other, or if one of a pair is missing."""
    store = values["segment_store"]
    if values["segment_s3_endpoint"] and not store:
        raise SettingError("SATCHEL_SEGMENT_S3_ENDPOINT needs SATCHEL_SEGMENT_STORE=s3://bucket/prefix")
    if values["segment_presign"] == "yes" and not store:
        raise SettingError("SATCHEL_SEGMENT_PRESIGN=yes needs SATCHEL_SEGMENT_STORE=s3://bucket/prefix")
    if values["segment_presign"] == "yes" and values["segment_base_url"]:
        raise SettingError("SATCHEL_SEGMENT_PRESIGN and SATCHEL_SEGMENT_BASE_URL: choose one kind of link")
    if values["segment_accel"] and store:
        raise SettingError("SATCHEL_SEGMENT_ACCEL is for segments in the folder; SATCHEL_SEGMENT_STORE is set")
    if values["segment_accel"] and not values["segment_accel"].startswith("/"):
        raise SettingError("SATCHEL_SEGMENT_ACCEL: write a path such as /internal/segments")
