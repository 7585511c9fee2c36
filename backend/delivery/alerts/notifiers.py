"""Notifiers: e-mail, a webhook, and the log if neither is configured.

`NotSent` means that the message was certainly not received, and may be tried again. After any other error it
may have been received, and it is not sent a second time.
"""

import datetime as dt
import hashlib
import hmac
import logging
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

import httpx

from backend.delivery.alerts.message import Message
from backend.settings import SettingError, Settings

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10.0
SIGNATURE = "Satchel-Signature"


class NotSent(Exception):
    """The message was not received; the text says why."""


class Notifier(Protocol):
    """A way to send messages."""

    @property
    def name(self) -> str:
        """The name in the table of alerts."""

    def send(self, message: Message, now: dt.datetime) -> None:
        """Send *message*; raises `NotSent`, or another error if it may have been received."""


@dataclass(frozen=True)
class Log:
    """Lines in the log."""

    name: str = "log"

    def send(self, message: Message, now: dt.datetime) -> None:
        """Write one line for each document."""
        for document in message.waiting:
            log.warning(
                "%s waits for %s (%s): %s",
                document.id, document.owner, document.error_class, document.reason,
            )  # fmt: skip


@dataclass(frozen=True)
class Email:
    """E-mail by SMTP."""

    settings: Settings
    name: str = "email"

    def send(self, message: Message, now: dt.datetime) -> None:
        """Send one e-mail to the recipients of the owner."""
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = self.settings.smtp_from
        mail["To"] = ", ".join(recipients(self.settings, message.owner))
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message.id}@satchel.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text(now))
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"{self.settings.smtp_host}: {error}") from None
        try:
            server.send_message(mail)
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"{self.settings.smtp_host}: {error}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSent(f"{self.settings.smtp_host} refuses all recipients: {error}") from None
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        settings, context = self.settings, ssl.create_default_context()
        server: smtplib.SMTP
        if settings.smtp_security == "tls":
            server = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS)
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=context)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True)
class Webhook:
    """A signed POST to an address of the operator."""

    settings: Settings
    name: str = "webhook"

    def send(self, message: Message, now: dt.datetime) -> None:
        """Post the message; any status but 2xx counts as not sent."""
        body, at = message.as_json(now), int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: f"t={at},v1={signature(self.settings.webhook_secret, at, body)}",
        }
        try:
            response = httpx.post(
                self.settings.webhook_url, content=body, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"the webhook cannot be reached: {error}") from None
        if not response.is_success:
            raise NotSent(f"the webhook answered {response.status_code}")


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the HMAC-SHA256 over `<at>.<body>`, in hexadecimal digits."""
    return hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()


def recipients(settings: Settings, owner: str = "") -> list[str]:
    """Return the e-mail recipients for *owner*: addresses given as `owner=address`, else those given alone."""
    entries = settings.smtp_to.replace(",", " ").split()
    own = [entry.partition("=")[2] for entry in entries if owner and entry.startswith(f"{owner}=")]
    return own or [entry for entry in entries if "=" not in entry]


def configured_notifiers(settings: Settings) -> list[Notifier]:
    """Return the configured notifiers, the log if there is none; raises `SettingError` for incomplete ones."""
    notifiers: list[Notifier] = []
    if settings.smtp_host:
        if not settings.smtp_from or not recipients(settings):
            raise SettingError(
                "SATCHEL_SMTP_HOST needs SATCHEL_SMTP_FROM, and in SATCHEL_SMTP_TO an address for the rest"
            )
        notifiers.append(Email(settings))
    if settings.webhook_url:
        if not settings.webhook_secret:
            raise SettingError("SATCHEL_WEBHOOK_URL needs SATCHEL_WEBHOOK_SECRET, by which it is signed")
        notifiers.append(Webhook(settings))
    return notifiers or [Log()]
