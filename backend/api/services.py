"""What the endpoints share: settings, clock, keys, limits. Held by the app, asked for with `satchel()`."""

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
    """An installation as its web process knows it."""

    settings: Settings
    clock: Clock
    keys: Keys
    limits: Limits
    failure_limiter: FailureLimiter
    token_cache: VerifiedTokens
    openapi: bytes
    """The API's description, as `GET /v1/openapi.json` answers it."""
    segments: Store
    on_demand_builder: OnDemandBuilder
    links: SignedLinks
    linker: Linker
    """Makes the links of offers: the signed ones, the store's own, or none."""
    replica: ReadReplica | None
    """What reads the feed for pulls, where it may; None: the primary does."""

    @property
    def issuer(self) -> str:
        """Who issues tokens: the address at which phones reach this server."""
        return self.settings.public_url


def get_services() -> Services:
    """Return the current app's installation."""
    found: Services = current_app.extensions[EXTENSION]
    return found
