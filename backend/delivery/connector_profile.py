"""Connector profile: what a connector can do, and the waits and limits in force."""

import datetime as dt
import logging
from dataclasses import dataclass, field

from backend.clock import Clock
from backend.delivery.short_lease import short_lease
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import Capabilities
from backend.retry import Backoff, pattern_of
from backend.settings import Settings

log = logging.getLogger(__name__)

CACHE_FOR = dt.timedelta(minutes=5)
"""How long a connector's answer about its capabilities is used."""


@dataclass(frozen=True)
class ConnectorProfile:
    """What forwarding needs from the connector and the settings."""

    kinds: frozenset[str]
    enforces_key: frozenset[str]
    quiet: dt.timedelta
    max_in_flight: int | None
    """How many documents all workers together may send at once; None: as many as there are workers."""
    lease_seconds: float
    short_lease: str | None
    """A warning if the lease may end during a call, else None."""
    backoff: Backoff


def configured_backoff(settings: Settings) -> Backoff:
    """Return the backoff that the settings ask for. (`retry.py` itself knows no settings.)"""
    return Backoff(
        settings.backoff_base_seconds, settings.backoff_cap_seconds, pattern=pattern_of(settings.retry_pattern)
    )


def build_profile(capabilities: Capabilities, settings: Settings, backoff: Backoff) -> ConnectorProfile:
    """Return the profile of a connector with *capabilities*; the operator's settings win."""
    quiet, max_in_flight = settings.quiet_seconds, settings.max_in_flight
    return ConnectorProfile(
        kinds=capabilities.kinds,
        enforces_key=capabilities.enforces_key,
        quiet=dt.timedelta(seconds=capabilities.quiet_seconds if quiet is None else quiet),
        max_in_flight=capabilities.max_in_flight if max_in_flight is None else max_in_flight,
        lease_seconds=settings.lease_seconds,
        short_lease=short_lease(capabilities, settings),
        backoff=backoff,
    )


@dataclass
class CachedProfile:
    """The profile in force. The connector is asked for its capabilities again when it is too old."""

    connector: Connector
    clock: Clock
    settings: Settings
    backoff: Backoff
    _profile: ConnectorProfile | None = field(default=None, init=False)
    _until: dt.datetime | None = field(default=None, init=False)

    def fresh(self) -> bool:
        """Say whether `get` would return without asking the connector."""
        return self._until is not None and self.clock.now() < self._until

    def get(self) -> ConnectorProfile | None:
        """Return the profile, or None until the connector has answered for the first time."""
        now = self.clock.now()
        if not self.fresh():
            try:
                with measured(self.connector.name, "capabilities"):
                    capabilities = self.connector.capabilities()
                self._profile = build_profile(capabilities, self.settings, self.backoff)
                self._until = now + CACHE_FOR
            except ErpError as error:
                # What it could do before, it will be able to do again: keep the old profile.
                self._until = now + dt.timedelta(seconds=self.backoff.ceiling(0))
                log.warning("%s cannot be asked what it can do: %s", self.connector.name, error.message)
        return self._profile
