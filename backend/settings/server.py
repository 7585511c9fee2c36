"""The server's settings: one field each, with its reader, default and meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from sqlalchemy.engine import make_url

from backend.settings import readers as read
from backend.settings.declaration import setting
from backend.settings.limits import LimitSettings
from backend.settings.this_machine import local_url


@dataclass(frozen=True, kw_only=True)
class Settings(LimitSettings):
    """The settings in force.

    `erp` holds the options of the connector as text, by name in lower case; the connector reads them.
    """

    folder: Path = setting(read.text, "instance", "Folder for the embedded database, keys and receipts.")
    database_url: str = setting(
        read.text,
        "",
        "SQLAlchemy URL of the database: postgresql+psycopg://user:password@host/database. "
        "Empty: SQLite in the folder.",
        secret=True,
    )
    standby_url: str = setting(
        read.text,
        "",
        "SQLAlchemy URL of a streaming standby of PostgreSQL that serves pulls. Empty: none.",
        secret=True,
    )
    redis_url: str = setting(
        read.text,
        "",
        "Redis or Valkey URL for the doorbell and for rate limits over all nodes. Empty: workers only poll the "
        "database, and each web process counts alone.",
        secret=True,
    )
    connector: str = setting(
        read.text, "flatfile", "ERP connector: flatfile, tryton, or one that is installed."
    )
    company: str = setting(
        read.line(200), "Satchel sample company", "Company name, shown to reps at enrolment."
    )
    zone: str = setting(
        read.zone, "UTC", "The company's time zone, such as Europe/Berlin. The day of a quota begins there."
    )
    enrolment_minutes: int = setting(
        read.integer(1, 10_080), "10", "Minutes for which an enrolment code is valid."
    )
    public_url: str = setting(
        read.text, "http://127.0.0.1:8000", "URL at which phones reach this server; also the issuer of tokens."
    )
    other_urls: tuple[str, ...] = setting(
        read.urls,
        "",
        "Further URLs at which phones reach this server, separated by commas. A proof must name "
        "SATCHEL_PUBLIC_URL or one of these.",
    )
    refresh_days: int = setting(
        read.integer(1, 3650), "90", "Days after its enrolment at which a phone must be enrolled again."
    )
    refresh_idle_days: int = setting(
        read.integer(1, 3650), "30", "Days without a refresh after which a phone must be enrolled again."
    )
    key_days: int = setting(
        read.integer(0, 3650),
        "90",
        "Age in days at which a worker replaces signing keys and refresh secrets. "
        "0: only `satchel keys rotate`.",
    )
    cors_origins: tuple[str, ...] = setting(
        read.origins,
        "",
        "Origins of your own browser apps, separated by commas, such as https://app.example.com. Empty: none.",
    )
    host: str = setting(read.text, "127.0.0.1", "Address on which the web server listens.")
    port: int = setting(read.port, "8000", "Port on which the web server listens.")
    tls_certificate: str = setting(
        read.existing_file,
        "",
        "PEM file of the certificate and its chain, for HTTPS without a proxy; granian only. "
        "Empty: the web server speaks plain HTTP.",
    )
    tls_key: str = setting(
        read.existing_file, "", "PEM file of the private key (PKCS #8) of SATCHEL_TLS_CERTIFICATE."
    )
    proxies: int = setting(
        read.integer(0, 10), "0", "Number of reverse proxies before the web server that add to X-Forwarded-For."
    )
    web_threads: int = setting(read.integer(1), "8", "Number of threads per web process.")
    web_processes: int = setting(
        read.optional(read.integer(1)),
        "",
        "Number of web processes. Default: one per CPU, at most 4; always 1 with SQLite.",
    )
    web_server: str = setting(
        read.one_of("gunicorn", "granian"),
        "gunicorn",
        "HTTP server: gunicorn, or granian, which needs the extra of that name and a proxy that buffers.",
    )
    web_connections: int = setting(
        read.integer(10, 100_000),
        "1000",
        "Maximum number of open connections per web process. One more takes the place of the one that waits "
        "longest for its client, of the address that has most.",
    )
    web_client_seconds: float = setting(
        read.number(1, 3600),
        "20",
        "Seconds that a client has for the head of a request, for its body, and for reading a reply.",
    )
    web_client_bytes_per_second: float = setting(
        read.number(1, 1_000_000),
        "500",
        "Every so many bytes give a client one second more: the minimum rate of a long body or reply.",
    )
    web_buffer_mib: int = setting(
        read.integer(8, 16_384),
        "64",
        "Memory per web process for bodies that are arriving and replies that are being read, in MiB.",
    )
    poll_seconds: float = setting(
        read.seconds, "2", "Seconds between a worker's polls of the database for due submissions."
    )
    ingest_seconds: float = setting(read.seconds, "60", "Seconds between two reads of changes from the ERP.")
    sweep_seconds: float = setting(
        read.seconds, "86400", "Seconds between two listings of all ERP keys, which find deleted records."
    )
    compare_days: int = setting(
        read.integer(1),
        "7",
        "Days between two full comparisons with the ERP, which find changes that incremental reads missed.",
    )
    lease_seconds: float = setting(
        read.seconds,
        "120",
        "Lease duration in seconds. If a worker does not renew its lease, another worker takes over.",
    )
    worker_late_seconds: float = setting(
        read.number(30, 86_400),
        "600",
        "Seconds without a sign of life after which a duty of a worker is reported as late. "
        "A worker that is dead is reported after two minutes.",
    )
    collection_late_seconds: float = setting(
        read.number(60, 2_592_000),
        "3600",
        "Seconds for which reading a collection of the ERP must fail before an alert is sent.",
    )
    quiet_seconds: float | None = setting(
        read.optional(read.seconds),
        "",
        "Seconds to wait before looking up an unknown outcome in the ERP. "
        "Empty: the connector's own limit, which its page gives.",
    )
    max_in_flight: int | None = setting(
        read.optional(read.integer(1)),
        "",
        "Maximum number of documents sent to the ERP at once, over all workers. "
        "Empty: the connector's own limit, which its page gives.",
    )
    retry_pattern: tuple[str, ...] = setting(
        read.retry_pattern,
        "",
        "Maximum seconds between retries, by number of tries, such as 1:10,5:60,10:900. "
        "Empty: double from SATCHEL_BACKOFF_BASE_SECONDS to SATCHEL_BACKOFF_CAP_SECONDS.",
    )
    backoff_base_seconds: float = setting(
        read.seconds,
        "5",
        "Maximum seconds before the first retry of a document that the ERP could not process; then doubled.",
    )
    backoff_cap_seconds: float = setting(read.seconds, "900", "Maximum seconds between two retries.")
    parked_reservation_seconds: float = setting(
        read.seconds,
        "1800",
        "Duration of a reservation of a parked document, in seconds.",
    )
    alert_after: str = setting(
        read.text,
        "office=4,24 it=1,24 erp=24 rep=24 duplicate_bad=1",
        "Hours after which an alert is sent for a waiting document, by owner or error class. "
        "An error class takes precedence.",
    )
    smtp_host: str = setting(read.text, "", "Mail server for alerts. Empty: no e-mail.")
    smtp_port: int = setting(read.port, "587", "Port of the mail server.")
    smtp_security: str = setting(
        read.one_of("starttls", "tls", "none"),
        "starttls",
        "Encryption with the mail server: starttls, tls, none.",
    )
    smtp_user: str = setting(read.text, "", "User name at the mail server. Empty: no login.")
    smtp_password: str = setting(read.text, "", "Password at the mail server.", secret=True)
    smtp_from: str = setting(read.text, "", "Sender address of alerts.")
    smtp_to: str = setting(
        read.text,
        "",
        "Recipients of alerts, separated by spaces. Write it=address for the alerts of one owner only.",
    )
    webhook_url: str = setting(
        read.url, "", "URL to which alerts are posted as JSON. Empty: no webhook.", secret=True
    )
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = setting(
        read.networks,
        "",
        "Networks with private addresses in which the webhook may be, such as 10.0.0.0/8; comma-separated.",
    )
    webhook_secret: str = setting(read.text, "", "Secret that signs the webhook's requests.", secret=True)
    reconcile_days: int = setting(
        read.integer(1),
        "14",
        "Days after settlement during which the daily reconciliation looks up each document in the ERP.",
    )
    returning_wait_hours: float = setting(
        read.number(0, 8_760),
        "24",
        "Hours that a document waits, after a restore or a failover, for phones that may have replaced or "
        "withdrawn it; then it is parked.",
    )
    poll_after_seconds: int = setting(
        read.integer(1), "60", "Seconds after which an idle phone polls again. Each phone varies it by a tenth."
    )
    tombstone_days: int = setting(
        read.integer(1),
        "90",
        "Days for which a phone may stay offline before it must download streams again.",
    )
    shrink_guard_percent: int = setting(
        read.integer(1),
        "40",
        "Maximum percentage of records that a sweep may delete; see `satchel sweep`.",
    )
    receipt_original_days: int | None = setting(
        read.optional(read.integer(0)),
        "",
        "Days after its check for which the original of a receipt is kept. The checked copy stays. "
        "Empty: the original is kept.",
    )
    segment_rows: int = setting(
        read.integer(0),
        "500",
        "Minimum number of live records for which a stream gets segments. 0: no segments.",
    )
    segment_tail_percent: int = setting(
        read.integer(1),
        "20",
        "Segments of a stream are rebuilt when its changes since the last build exceed this percentage of its "
        "records.",
    )
    segment_base_url: str = setting(
        read.url, "", "URL of a CDN from which phones fetch segments by signed links. Empty: none."
    )
    segment_link_seconds: int = setting(
        read.integer(1),
        "3600",
        "Minimum validity of a signed segment link in seconds; the maximum is twice that.",
    )
    segment_store: str = setting(
        read.s3_location, "", "Where segments are stored: s3://bucket/prefix. Empty: in the folder."
    )
    segment_s3_endpoint: str = setting(read.url, "", "URL of an S3-compatible store. Empty: Amazon S3.")
    segment_presign: str = setting(
        read.one_of("yes", "no"), "no", "Let phones fetch segments directly from the S3 store: yes or no."
    )
    segment_accel: str = setting(
        read.text,
        "",
        "Path under which nginx serves the segments' folder internally (X-Accel-Redirect). Empty: none.",
    )
    unencrypted_hosts: tuple[str, ...] = setting(
        read.words,
        "",
        "Hosts, separated by commas, to which passwords, tokens and signed links may be sent unencrypted. "
        "Empty: none but this machine.",
    )
    log: str = setting(read.one_of("text", "json"), "text", "Format of log lines: text or json.")
    metrics_address: str = setting(
        read.listener,
        "",
        "Address on which /metrics is served to Prometheus, such as 127.0.0.1:9464. Keep it private. "
        "Empty: no metrics.",
    )
    failpoints: str = setting(read.text, "", "For tests only: points that kill, delay or fail.")
    erp: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def embedded(self) -> bool:
        """Whether the database is SQLite, which only one node can use."""
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def local_url(self) -> str:
        """The URL, without a path, at which this machine reaches the web server."""
        return local_url(self.host, self.port, "https" if self.tls_certificate else "http")
