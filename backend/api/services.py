"""What the endpoints share: settings, clock, keys, limits, stores. `get_services()` returns it."""

from dataclasses import dataclass

from flask import current_app

from backend.api.rate_limit import FailureLimiter
from backend.clock import Clock
from backend.identity.keys import Keys
from backend.identity.token_cache import VerifiedTokens
from backend.settings import Settings
from backend.sync.read_replica import ReadReplica
from backend.sync.segments.links import Linker, SignedLinks
from backend.sync.segments.on_demand import OnDemandBuilder
from backend.sync.segments.store import Store
from sync_protocol.limits import Limits

EXTENSION = "satchel"


@dataclass(frozen=True)
class Services:
    """The parts of an installation that a web process uses."""

    settings: Settings
    clock: Clock
    keys: Keys
    limits: Limits
    failure_limiter: FailureLimiter
    token_cache: VerifiedTokens
    openapi: bytes
    """The OpenAPI document as JSON."""
    segments: Store
    on_demand_builder: OnDemandBuilder
    links: SignedLinks
    linker: Linker
    """Makes the links of segments in a page: signed by us, signed by the store, or none."""
    replica: ReadReplica | None
    """Reads the feed on a read replica if that is possible; None: the primary is always read."""

    @property
    def issuer(self) -> str:
        """The issuer of tokens: the address at which phones reach this server."""
        return self.settings.public_url


def get_services() -> Services:
    """Return the services of the current app."""
    services: Services = current_app.extensions[EXTENSION]
    return services
