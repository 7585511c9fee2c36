"""The webhook, a notifier. It is loaded only if one is configured, because it needs an HTTP client."""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass

import httpx

from backend.delivery.alerts.notifiers import TIMEOUT_SECONDS, Message, NotSent
from backend.delivery.alerts.outbound import CheckedTransport
from backend.settings import Settings

SIGNATURE = "Satchel-Signature"


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
            transport = CheckedTransport(self.settings.webhook_networks)
            # Only the status counts. A body is neither read nor unpacked: it may be endless.
            with (
                httpx.Client(transport=transport, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "POST", self.settings.webhook_url, content=body, headers=headers, timeout=TIMEOUT_SECONDS
                ) as response,
            ):
                status = response.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"the webhook cannot be reached: {error}") from None
        if not 200 <= status < 300:
            raise NotSent(f"the webhook answered {status}")


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the HMAC-SHA256 over `<at>.<body>`, in hexadecimal digits."""
    return hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
