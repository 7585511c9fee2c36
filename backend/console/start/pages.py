"""`/office/`: the start page, a live part that asks for itself again."""

from flask import Response
from sqlalchemy.orm import Session

from backend.api.services import get_services
from backend.console import polling, visitors
from backend.console.route import page
from backend.console.start.texts import TEXTS
from backend.database.core import snapshot
from backend.database.web_session import db
from backend.office import overview
from backend.office.roles import Permission


@page("start", "GET", "/", Permission.VIEW)
def show() -> Response:
    """Show what waits for the person, and the state of ERP and phones."""
    user, services = visitors.visitor().user, get_services()
    sees_phones = user.has(Permission.PHONES)
    with Session(db.engine) as session:
        snapshot(session)
        return polling.respond(
            "start/start.html",
            "live",
            texts=TEXTS,
            here="start",
            causes=overview.waiting_causes(session, user, services.clock.now()),
            erp=overview.erp_state(session, services.settings.connector),
            undelivered=overview.oldest_undelivered(session, user),
            silent=overview.silent_phones(session, user, services.clock.now()) if sees_phones else None,
            unsent=overview.unsent_on_phones(session, user) if sees_phones else None,
        )
