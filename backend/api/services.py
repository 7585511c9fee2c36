"""What the endpoints share: settings, clock, keys, limits, stores. `get_services()` returns it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from backend.api.rates.limits import Rates
from backend.api.turns import Turns
from backend.api.work import Admission
from backend.clock import Clock
from backend.identity.key_ring import KeyRing
from backend.identity.refresh_tokens import FamilyLife
from backend.identity.token_cache import VerifiedTokens
from backend.settings import Settings
from backend.sync.segments.links import Linker, SignedLinks
from backend.sync.segments.on_demand import OnDemandBuilder
from backend.sync.segments.store import Store
from backend.sync.standby import Standby
from sync_protocol.contract import RenderedContract
from sync_protocol.limits import Limits

EXTENSION = "satchel"


@dataclass(frozen=True)
class Services:
    """The parts of an installation that a web process uses."""

    settings: Settings
    clock: Clock
    keys: KeyRing
    limits: Limits
    rates: Rates
    admission: Admission
    large_bodies: Turns
    """Taken by requests with large bodies."""
    token_cache: VerifiedTokens
    openapi: Callable[[], bytes]
    """Returns the OpenAPI document as JSON."""
    contract: Callable[[], RenderedContract]
    segments: Store
    on_demand_builder: OnDemandBuilder
    links: SignedLinks
    linker: Linker
    """Makes the links of segments in a page: signed by us, signed by the store, or none."""
    standby: Standby | None
    """Reads the feed on a standby if that is possible; None: the primary is always read."""

    @property
    def issuer(self) -> str:
        """The issuer of tokens: the address at which phones reach this server."""
        return self.settings.public_url

    @property
    def family_life(self) -> FamilyLife:
        """How long a device stays enrolled."""
        return FamilyLife(self.settings.refresh_days, self.settings.refresh_idle_days)


def get_services() -> Services:
    """Return the services of the current app."""
    services: Services = current_app.extensions[EXTENSION]
    return services
