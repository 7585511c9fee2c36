"""The terms on which a connector is served: what it can do, and the waits in force."""

import datetime as dt
import logging
from dataclasses import dataclass, field

from backend.clock import Clock
from backend.delivery.retry import Backoff
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import Capabilities
from backend.settings import SettingError, Settings

log = logging.getLogger(__name__)

ASK_AGAIN = dt.timedelta(minutes=5)
"""How long a connector's word about its capabilities is believed."""


@dataclass(frozen=True)
class Terms:
    """What forwarding needs to know of connector and settings."""

    kinds: frozenset[str]
    enforces_key: frozenset[str]
    quiet: dt.timedelta
    lease_seconds: float
    backoff: Backoff


def backoff_of(settings: Settings) -> Backoff:
    """Return the backoff that the settings ask for."""
    return Backoff(settings.backoff_base_seconds, settings.backoff_cap_seconds)


def quiet_of(settings: Settings) -> float | None:
    """Return the quiet period the operator has set, in seconds, or None; raises `SettingError`."""
    text = settings.quiet_seconds.strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise SettingError(f"SATCHEL_QUIET_SECONDS={text!r}: write seconds from 0 to 86400, or leave it empty")
    return seconds


def terms_of(capabilities: Capabilities, settings: Settings, backoff: Backoff) -> Terms:
    """Return the terms for a connector with *capabilities*; the operator's quiet period wins."""
    own = quiet_of(settings)
    return Terms(
        kinds=capabilities.kinds,
        enforces_key=capabilities.enforces_key,
        quiet=dt.timedelta(seconds=capabilities.quiet_seconds if own is None else own),
        lease_seconds=settings.lease_seconds,
        backoff=backoff,
    )


@dataclass
class CurrentTerms:
    """The terms in force, asked of the connector now and then."""

    connector: Connector
    clock: Clock
    settings: Settings
    backoff: Backoff
    _known: Terms | None = field(default=None, init=False)
    _until: dt.datetime | None = field(default=None, init=False)

    def get(self) -> Terms | None:
        """Return the terms, or None while the connector has never yet been able to say what it can do."""
        now = self.clock.now()
        if self._until is None or now >= self._until:
            try:
                self._known = terms_of(self.connector.capabilities(), self.settings, self.backoff)
                self._until = now + ASK_AGAIN
            except ErpError as error:
                # What it could do before, it will be able to do again.
                self._until = now + dt.timedelta(seconds=self.backoff.ceiling(0))
                log.warning("%s cannot be asked what it can do: %s", self.connector.name, error.message)
        return self._known
