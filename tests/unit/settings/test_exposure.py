"""Secrets are neither sent in plain text over a network nor ones that everybody tries first."""

from pathlib import Path

import pytest

from backend.connectors.tryton.options import read_options as read_tryton
from backend.settings import SettingError, read_settings
from backend.settings.this_machine import is_this_machine

PG = "postgresql+psycopg://u:Xk29-long@"
STRONG = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
REFUSED = {
    "SATCHEL_DATABASE_URL": [f"{PG}db/x", f"{PG}10.0.0.7/x?sslmode=prefer", f"{PG}/x?host=10.0.0.7"],
    "SATCHEL_REDIS_URL": ["redis://:Xk29-long@cache:6379/0"],
    "SATCHEL_PUBLIC_URL": ["http://satchel.example.com", "http://10.0.0.7:8000"],
    "SATCHEL_OTHER_URLS": ["https://a.example.com,http://b.example.com"],
    "SATCHEL_SEGMENT_BASE_URL": ["http://cdn.example.com"],
    "SATCHEL_WEBHOOK_URL": ["http://hooks.example.com/x"],
}
ALLOWED = {
    "SATCHEL_DATABASE_URL": [
        f"{PG}db/x?sslmode=verify-full", f"{PG}127.0.0.1/x", f"{PG}localhost/x", f"{PG}/x?host=/run/postgresql",
        "postgresql+psycopg://u@db/x",
    ],
    "SATCHEL_REDIS_URL": ["rediss://:Xk29-long@cache:6379/0", "redis://cache:6379/0", "redis://:p@127.0.0.1:1/0"],
    "SATCHEL_PUBLIC_URL": ["https://satchel.example.com", "http://127.0.0.1:8000", "http://[::1]:8000"],
    "SATCHEL_SEGMENT_BASE_URL": ["https://cdn.example.com", ""],
}  # fmt: skip
SMTP = {"SATCHEL_SMTP_HOST": "mail.example.com", "SATCHEL_SMTP_USER": "u", "SATCHEL_SMTP_PASSWORD": "Xk29-long"}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), pairs(REFUSED))
def test_plain_text_over_a_network_is_refused_unless_the_host_is_named(name: str, value: str) -> None:
    variables = {name: value, "SATCHEL_WEBHOOK_SECRET": STRONG}
    with pytest.raises(SettingError, match=f"^{name}: the connection to .* is not encrypted") as refused:
        read_settings(variables)
    assert "Xk29" not in str(refused.value)
    host = str(refused.value).rpartition("=")[2]
    read_settings({**variables, "SATCHEL_UNENCRYPTED_HOSTS": f"other,{host}"})


@pytest.mark.parametrize(("name", "value"), pairs(ALLOWED))
def test_encryption_and_this_machine_are_accepted(name: str, value: str) -> None:
    read_settings({name: value})


def test_mail_with_a_password_needs_tls() -> None:
    read_settings(SMTP)
    with pytest.raises(SettingError, match="SATCHEL_SMTP_HOST"):
        read_settings({**SMTP, "SATCHEL_SMTP_SECURITY": "none"})
    read_settings({**SMTP, "SATCHEL_SMTP_SECURITY": "none", "SATCHEL_SMTP_HOST": "127.0.0.1"})


def test_the_erps_password_needs_https() -> None:
    options = {"url": "http://erp.example.com", "database": "d", "user": "u", "password": "Xk29-long"}
    with pytest.raises(SettingError, match="SATCHEL_ERP_URL: the connection to"):
        read_tryton(options)
    read_tryton({**options, "unencrypted": "yes"})
    read_tryton({**options, "url": "http://127.0.0.1:8000"})
    with pytest.raises(SettingError, match="SATCHEL_ERP_PASSWORD"):
        read_tryton({**options, "url": "https://erp.example.com", "password": "admin"})


@pytest.mark.parametrize("secret", ["s3cret", "changeme", "a" * 40, "0123456789"])
def test_a_weak_secret_for_a_webhook_is_refused(secret: str) -> None:
    url = {"SATCHEL_WEBHOOK_URL": "https://hooks.example.com/x"}
    with pytest.raises(SettingError, match="SATCHEL_WEBHOOK_SECRET can be guessed") as refused:
        read_settings({**url, "SATCHEL_WEBHOOK_SECRET": secret})
    assert secret not in str(refused.value)
    read_settings({**url, "SATCHEL_WEBHOOK_SECRET": STRONG})
    read_settings({"SATCHEL_WEBHOOK_URL": "http://127.0.0.1/x", "SATCHEL_WEBHOOK_SECRET": secret})


@pytest.mark.parametrize("password", ["postgres", "Password", "u", "changeme"])
def test_a_password_that_everybody_tries_is_refused(password: str) -> None:
    with pytest.raises(SettingError, match="SATCHEL_DATABASE_URL: the password"):
        read_settings({"SATCHEL_DATABASE_URL": f"postgresql+psycopg://u:{password}@db/x?sslmode=require"})
    with pytest.raises(SettingError, match="SATCHEL_SMTP_PASSWORD: the password"):
        read_settings({**SMTP, "SATCHEL_SMTP_PASSWORD": password})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{STRONG}\n")
    url = {"SATCHEL_WEBHOOK_URL": "https://hooks.example.com/x", "SATCHEL_WEBHOOK_SECRET_FILE": str(file)}
    assert read_settings(url).webhook_secret == STRONG
    assert read_settings({**url, "SATCHEL_WEBHOOK_SECRET": STRONG}).webhook_secret == STRONG
    with pytest.raises(SettingError, match="differ"):
        read_settings({**url, "SATCHEL_WEBHOOK_SECRET": f"x{STRONG}"})
    with pytest.raises(SettingError, match=r"SATCHEL_WEBHOOK_SECRET_FILE=.* cannot be read"):
        read_settings({**url, "SATCHEL_WEBHOOK_SECRET_FILE": str(tmp_path / "absent")})
    with pytest.raises(SettingError, match="SATCHEL_COMPANY_FILE is not a setting"):
        read_settings({"SATCHEL_COMPANY_FILE": str(file)})
    options = {"url": "https://e", "database": "d", "user": "u", "password_file": str(file)}
    assert read_tryton(options).password == STRONG


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "example.com", "192.168.0.1", "localhost.x.com"]
)
def test_only_plain_forms_of_this_machine_count(host: str) -> None:
    assert not is_this_machine(host)
    assert is_this_machine("127.8.8.8") and is_this_machine("::1") and is_this_machine("/run/x")
