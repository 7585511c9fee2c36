"""Whether a lease may end during a call of the connector."""

from backend.erp.records import Capabilities
from backend.settings import Settings


def short_lease(capabilities: Capabilities, settings: Settings) -> str | None:
    """Return a warning, with what to do, if a lease may end during a call; None if it may not."""
    slowest = capabilities.slowest_seconds
    if slowest is None or settings.lease_seconds >= slowest:
        return None
    return (
        f"a lease of {settings.lease_seconds:g} seconds ends before the connector's slowest call, which may "
        f"take {slowest:g}: a slow document is taken from its worker, and parked after three times; set "
        f"SATCHEL_LEASE_SECONDS to {slowest:g} or more"
    )
