"""Settings with a mail server or a webhook for alerts."""

from backend.settings import Settings, read_settings
from tests.unit.delivery.alerts.receivers import MailReceiver, WebReceiver


def by_mail(receiver: MailReceiver, **variables: str) -> Settings:
    return read_settings(
        {
            "SATCHEL_SMTP_HOST": "127.0.0.1",
            "SATCHEL_SMTP_PORT": str(receiver.server_address[1]),
            "SATCHEL_SMTP_SECURITY": "none",
            "SATCHEL_SMTP_FROM": "satchel@example.com",
            "SATCHEL_SMTP_TO": "desk@example.com it=admin@example.com",
            **variables,
        }
    )


def by_webhook(receiver: WebReceiver) -> Settings:
    url = f"http://127.0.0.1:{receiver.server_address[1]}/hook"
    return read_settings(
        {
            "SATCHEL_WEBHOOK_URL": url,
            "SATCHEL_WEBHOOK_SECRET": "s3cret",
            "SATCHEL_WEBHOOK_NETWORKS": "127.0.0.1",
        }
    )
