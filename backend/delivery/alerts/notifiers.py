"""Notifiers: e-mail, a webhook, and the log if neither is configured.

`NotSent` means that the message was certainly not received, and may be tried again. After any other error it
may have been received, and it is not sent a second time.
"""

import datetime as dt
import logging
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from backend.settings import SettingError, Settings

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10.0


class NotSent(Exception):
    """The message was not received; the text says why."""


class Message(Protocol):
    """What a notifier sends: about waiting documents, or about a late worker."""

    @property
    def id(self) -> str:
        """The same for the same alerts."""

    @property
    def owner(self) -> str:
        """Who should act: `office`, `it`, `erp` or `rep`."""

    @property
    def subject(self) -> str:
        """The subject of an e-mail."""

    def text(self, now: dt.datetime) -> str:
        """Return the text of an e-mail."""

    def as_json(self, now: dt.datetime) -> bytes:
        """Return the body of a webhook."""

    def log_lines(self) -> list[str]:
        """Return the lines for the log."""


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
        """Write the lines of *message*."""
        for line in message.log_lines():
            log.warning("%s", line)


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
        # Imported only if it is used: it loads an HTTP client.
        from backend.delivery.alerts.webhook import Webhook

        notifiers.append(Webhook(settings))
    return notifiers or [Log()]
