"""The services of the office as the person who makes the request: each transaction checks the session again."""

from typing import Protocol, TypeVar

from sqlalchemy.orm import sessionmaker

from backend.api.services import get_services
from backend.clock import Clock
from backend.console import visitors
from backend.database.core import Sessions
from backend.database.web_session import db
from backend.erp.port import connect
from backend.office.erp_check import Connect
from backend.office.service import Authorize
from backend.settings import Settings

Service = TypeVar("Service", covariant=True)


class MakesService(Protocol[Service]):
    """`OfficeService` and `BatchService` are made in the same way."""

    def __call__(
        self, sessions: Sessions, clock: Clock, settings: Settings, connect: Connect, authorize: Authorize
    ) -> Service: ...


def office(make: MakesService[Service]) -> Service:
    """Return the service that *make* makes, acting for the person of this request."""
    services = get_services()
    settings = services.settings
    return make(
        sessionmaker(db.engine, expire_on_commit=False),
        services.clock,
        settings,
        lambda: connect(settings.connector, settings.erp),
        visitors.still,
    )
