"""The terms on which a connector is served: what it can do, and the waits in force."""

import datetime as dt
import logging
from dataclasses import dataclass, field

from backend.clock import Clock
from backend.delivery.retry import Backoff, pattern_of
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import Capabilities
from backend.settings import Settings

log = logging.getLogger(__name__)

CACHE_FOR = dt.timedelta(minutes=5)
"""How long a connector's word about its capabilities is believed."""


@dataclass(frozen=True)
class ConnectorProfile:
    """What forwarding needs to know of connector and settings."""

    kinds: frozenset[str]
    enforces_key: frozenset[str]
    quiet: dt.timedelta
    max_in_flight: int | None
    """Documents that may be on their way at once, over all workers; None: as many as there are workers."""
    lease_seconds: float
    short_lease: str | None
    """What is wrong with the lease, if it may run out while a call is under way."""
    backoff: Backoff


def configured_backoff(settings: Settings) -> Backoff:
    """Return the backoff that the settings ask for."""
    return Backoff(
        settings.backoff_base_seconds, settings.backoff_cap_seconds, pattern=pattern_of(settings.retry_pattern)
    )


def build_profile(capabilities: Capabilities, settings: Settings, backoff: Backoff) -> ConnectorProfile:
    """Return the terms for a connector with *capabilities*; what the operator has set wins."""
    quiet, writers = settings.quiet_seconds, settings.max_in_flight
    return ConnectorProfile(
        kinds=capabilities.kinds,
        enforces_key=capabilities.enforces_key,
        quiet=dt.timedelta(seconds=capabilities.quiet_seconds if quiet is None else quiet),
        max_in_flight=capabilities.max_in_flight if writers is None else writers,
        lease_seconds=settings.lease_seconds,
        short_lease=short_lease(capabilities, settings),
        backoff=backoff,
    )


def short_lease(capabilities: Capabilities, settings: Settings) -> str | None:
    """Return what is wrong with a lease that may run out during a call, and what to do; None if it may not."""
    slowest = capabilities.slowest_seconds
    if slowest is None or settings.lease_seconds >= slowest:
        return None
    return (
        f"a lease of {settings.lease_seconds:g} seconds ends before the connector's slowest call, which may "
        f"take {slowest:g}: a slow document is taken from its worker, and parked after three times; set "
        f"SATCHEL_LEASE_SECONDS to {slowest:g} or more"
    )


@dataclass
class CachedProfile:
    """The terms in force, asked of the connector now and then."""

    connector: Connector
    clock: Clock
    settings: Settings
    backoff: Backoff
    _known: ConnectorProfile | None = field(default=None, init=False)
    _until: dt.datetime | None = field(default=None, init=False)

    def fresh(self) -> bool:
        """Say whether the terms in force are still believed, so that `get` would not ask the connector."""
        return self._until is not None and self.clock.now() < self._until

    def get(self) -> ConnectorProfile | None:
        """Return the terms, or None while the connector has never yet been able to say what it can do."""
        now = self.clock.now()
        if not self.fresh():
            try:
                self._known = build_profile(self.connector.capabilities(), self.settings, self.backoff)
                self._until = now + CACHE_FOR
            except ErpError as error:
                # What it could do before, it will be able to do again.
                self._until = now + dt.timedelta(seconds=self.backoff.ceiling(0))
                log.warning("%s cannot be asked what it can do: %s", self.connector.name, error.message)
        return self._known
