"""Every setting: its name, default and meaning, in one table that the docs and `satchel doctor` read."""

from collections.abc import Callable
from typing import Any, NamedTuple

from backend.settings.values import (
    address,
    count,
    form,
    listener,
    natural,
    optional,
    origins,
    pattern,
    port,
    seconds,
    security,
    store,
    text,
    whole,
    yes_or_no,
)


class Setting(NamedTuple):
    """One row of the table."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str


SETTINGS = (
    Setting("folder", "instance", text, "Folder for the embedded database, keys and receipts."),
    Setting(
        "database_url", "", text, "SQLAlchemy URL, postgresql+psycopg://…; empty for SQLite in the folder."
    ),
    Setting(
        "replica_url",
        "",
        text,
        "SQLAlchemy URL of a streaming replica of PostgreSQL that serves pulls; empty for none.",
    ),
    Setting(
        "redis_url", "", text, "Redis or Valkey URL for the doorbell; empty for polling the database only."
    ),
    Setting("connector", "flatfile", text, "Which ERP connector to use: flatfile, tryton, or a third party's."),
    Setting("company", "Satchel sample company", text, "The company's name, shown to reps at enrolment."),
    Setting(
        "public_url",
        "http://127.0.0.1:8000",
        text,
        "Where phones reach this server; also the tokens' issuer.",
    ),
    Setting(
        "cors_origins",
        "",
        origins,
        "Origins of apps of your own that run in a browser, separated by commas; empty for none.",
    ),
    Setting("host", "127.0.0.1", text, "Address the web server listens on."),
    Setting("port", "8000", port, "Port the web server listens on."),
    Setting("proxies", "0", count, "Proxies before the web server, each adding to X-Forwarded-For."),
    Setting("web_threads", "8", whole, "Threads of each web process."),
    Setting(
        "web_processes",
        "",
        optional(whole),
        "Web processes; empty for one a processor, at most 4, and on SQLite for the one that it can have.",
    ),
    Setting("poll_seconds", "2", seconds, "How often a worker looks for due submissions by itself."),
    Setting("ingest_seconds", "60", seconds, "Pause between two readings of the ERP."),
    Setting("sweep_seconds", "86400", seconds, "Pause between two listings of all keys, which find deletions."),
    Setting(
        "compare_days",
        "7",
        whole,
        "Days between two comparisons of everything with the ERP, which find changes that reading missed.",
    ),
    Setting("lease_seconds", "120", seconds, "How long a worker may hold a submission without a sign of life."),
    Setting(
        "quiet_seconds",
        "",
        optional(seconds),
        "Wait before an unknown outcome is looked up; empty for the connector's own.",
    ),
    Setting(
        "max_in_flight",
        "",
        optional(whole),
        "Documents on their way into the ERP at once, over all workers; empty for the connector's own.",
    ),
    Setting(
        "retry_pattern",
        "",
        pattern,
        "Longest waits by try, such as 1:10,5:60,10:900; empty for doubling from base to cap.",
    ),
    Setting(
        "backoff_base_seconds",
        "5",
        seconds,
        "First retry of what the ERP could not take; doubles, with jitter.",
    ),
    Setting("backoff_cap_seconds", "900", seconds, "Longest wait between two retries."),
    Setting(
        "parked_reservation_seconds",
        "1800",
        seconds,
        "How long somebody of the office holds a parked document that they claimed.",
    ),
    Setting(
        "reconcile_days",
        "14",
        whole,
        "Every day the ERP is asked for each document that was settled within so many days.",
    ),
    Setting(
        "alert_after",
        "office=4,24 it=1,24 erp=24 rep=24 duplicate_bad=1",
        text,
        "After how many hours of waiting somebody is told, by owner or class; a class wins.",
    ),
    Setting("smtp_host", "", text, "Mail server for alerts; empty for none."),
    Setting("smtp_port", "587", port, "Port of the mail server."),
    Setting("smtp_security", "starttls", security, "How the mail server is spoken to: starttls, tls or none."),
    Setting("smtp_user", "", text, "Account at the mail server; empty for none."),
    Setting("smtp_password", "", text, "Its password."),
    Setting("smtp_from", "", text, "Sender of alerts."),
    Setting(
        "smtp_to", "", text, "Who gets alerts, with spaces between; it=address for what that owner must act on."
    ),
    Setting("webhook_url", "", address, "Address to which alerts are posted; empty for none."),
    Setting("webhook_secret", "", text, "Secret by which the webhook is signed."),
    Setting(
        "poll_after_seconds", "60", whole, "When an idle phone should ask again; each spreads it by a tenth."
    ),
    Setting("tombstone_days", "90", whole, "How long a phone may stay away without starting over."),
    Setting(
        "shrink_guard_percent", "40", whole, "Refuse a listing that lost more than this share of its keys."
    ),
    Setting(
        "segment_rows", "500", natural, "Live records from which a stream gets segments; 0 for no segments."
    ),
    Setting(
        "segment_tail_percent",
        "20",
        whole,
        "Changes since a stream's segments, in percent of their records, after which they are built anew.",
    ),
    Setting("segment_base_url", "", address, "A CDN's address; phones fetch segments there by signed links."),
    Setting("segment_link_seconds", "3600", whole, "Links to segments are good for once to twice as long."),
    Setting("segment_store", "", store, "Where segments lie: empty for the folder, or s3://bucket/prefix."),
    Setting("segment_s3_endpoint", "", address, "Address of an S3-compatible store; empty for AWS."),
    Setting(
        "segment_presign", "no", yes_or_no, "Let phones fetch segments from the S3 store itself: yes or no."
    ),
    Setting(
        "segment_accel",
        "",
        text,
        "Path under which nginx serves the segments' folder internally (X-Accel-Redirect).",
    ),
    Setting("log", "text", form, "How logs are written: text for a person, json for a machine."),
    Setting(
        "metrics_address",
        "",
        listener,
        "Where Prometheus scrapes /metrics, such as 127.0.0.1:9464; empty for no metrics. Keep it private.",
    ),
    Setting("failpoints", "", text, "For tests only: points at which to kill, raise or sleep."),
)
