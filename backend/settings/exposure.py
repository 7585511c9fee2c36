"""Secrets on their way: connections without encryption, and secrets that anybody would try first.

A password, a token or a signed link must not cross a network in plain text. So an address that is not encrypted
is refused, unless it is on this machine, or the operator names its host in SATCHEL_UNENCRYPTED_HOSTS.
A weak secret is refused too, unless it is for this machine, as in the sample and in tests.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from backend.settings.declaration import PREFIX, SettingError, variable
from backend.settings.secret_checks import require_strong, require_uncommon
from backend.settings.this_machine import is_this_machine

_ENCRYPTED_MODES = ("require", "verify-ca", "verify-full")


class Connection(NamedTuple):
    """One address in the settings: the setting, the host, and what about it matters here."""

    name: str
    host: str
    encrypted: bool
    secret: str
    """The password in it, or "" if it has none."""
    user: str
    carries_secrets: bool
    """Whether it would send a password, a token or a signed link."""


def connections(values: Mapping[str, Any], ssl_mode: str = "") -> Iterator[Connection]:
    """Yield the addresses in *values*, whose keys are the names of settings.

    *ssl_mode* is the default of PostgreSQL.
    """
    for name in ("database_url", "standby_url"):
        if values[name].startswith("postgresql"):
            yield from _postgresql(name, values[name], ssl_mode)
    if values["redis_url"]:
        redis = urlsplit(values["redis_url"])
        host = "" if redis.scheme == "unix" else redis.hostname or ""
        password = redis.password or ""
        yield Connection(
            "redis_url", host, redis.scheme == "rediss", password, redis.username or "", bool(password)
        )
    # Tokens at the server's own address, signed links at the others, and customers' data in the webhook.
    for name in ("public_url", "segment_base_url", "segment_s3_endpoint", "webhook_url"):
        if values[name]:
            address = urlsplit(values[name])
            yield Connection(name, address.hostname or "", address.scheme != "http", "", "", True)
    for text in values["other_urls"]:
        address = urlsplit(text)
        yield Connection("other_urls", address.hostname or "", address.scheme != "http", "", "", True)
    if values["smtp_host"]:
        user, password = values["smtp_user"], values["smtp_password"]
        encrypted = values["smtp_security"] != "none"
        yield Connection("smtp_host", values["smtp_host"], encrypted, password, user, bool(user or password))


def _postgresql(name: str, text: str, ssl_mode: str) -> Iterator[Connection]:
    url = make_url(text)
    named = url.query.get("host", url.host or "")
    for host in ",".join([named] if isinstance(named, str) else named).split(","):
        mode = url.query.get("sslmode", ssl_mode)
        password = str(url.password or "")
        yield Connection(name, host, mode in _ENCRYPTED_MODES, password, url.username or "", bool(password))


def check(values: Mapping[str, Any], ssl_mode: str = "") -> None:
    """Raise `SettingError` for the first secret that is weak or would be sent in plain text.

    The keys of *values* are the names of settings; *ssl_mode* is the default of PostgreSQL.
    """
    for each in connections(values, ssl_mode):
        name = variable(PREFIX, each.name)
        if is_this_machine(each.host):
            continue
        if each.carries_secrets and not each.encrypted and each.host not in values["unencrypted_hosts"]:
            raise SettingError(
                f"{name}: the connection to {each.host} is not encrypted, and passwords, tokens or signed "
                f"links would cross the network. {_ADVICE[each.name]}, or, if the network is trusted, set "
                f"SATCHEL_UNENCRYPTED_HOSTS={each.host}"
            )
        where = "SATCHEL_SMTP_PASSWORD" if each.name == "smtp_host" else name
        require_uncommon(where, each.secret, each.user)
    if values["webhook_url"] and not is_this_machine(urlsplit(values["webhook_url"]).hostname or ""):
        require_strong("SATCHEL_WEBHOOK_SECRET", values["webhook_secret"])


_ADVICE = {
    "database_url": "Add ?sslmode=verify-full",
    "standby_url": "Add ?sslmode=verify-full",
    "redis_url": "Write rediss://",
    "public_url": "Write the https:// address of the proxy",
    "other_urls": "Write https:// addresses",
    "segment_base_url": "Write https://",
    "segment_s3_endpoint": "Write https://",
    "webhook_url": "Write https://",
    "smtp_host": "Set SATCHEL_SMTP_SECURITY=starttls or tls",
}
