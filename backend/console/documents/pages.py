"""`/office/documents`: the list of documents with its search, and a document with its timeline."""

from flask import Response, request
from sqlalchemy.orm import Session

from backend.api.problems import Problem
from backend.api.services import get_services
from backend.console import polling, redirects, visitors
from backend.console.documents.body import rows_of
from backend.console.documents.texts import TEXTS
from backend.console.language import chosen_language
from backend.console.rendering import render
from backend.console.route import page
from backend.database.core import snapshot
from backend.database.web_session import db
from backend.identity.names import is_storable
from backend.office import documents
from backend.office.access import require_document
from backend.office.applicable import applicable
from backend.office.documents import MAX_SEARCHED, Filters
from backend.office.queries import get_document, to_view
from backend.office.roles import Permission
from backend.office.timeline import erp_documents, timeline
from sync_protocol.catalogue import KINDS
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import Ulid
from sync_protocol.submission import State

LIST = "documents/list.html"
MAX_SEQ_DIGITS = 18


@page("documents", "GET", "/documents", Permission.VIEW)
def show_list() -> Response:
    """Show the documents that match the filters, or those that a search finds."""
    text = request.args.get("q", "").strip()
    return _search(text) if text else _list()


def _list() -> Response:
    filters = Filters(*(_argument(name) for name in ("kind", "state", "rep", "cause")))
    user = visitors.visitor().user
    with Session(db.engine) as session:
        snapshot(session)
        listed = documents.list_documents(session, user, filters, before=_before())
    return _render(listed.documents, filters=filters, next=listed.next)


def _search(text: str) -> Response:
    user = visitors.visitor().user
    with Session(db.engine) as session:
        snapshot(session)
        results = documents.find(session, user, text, get_services().settings.connector)
    if results.is_exact:
        return redirects.see_other(f"/office/documents/{results.documents[0].id}")
    return _render(results.documents, filters=Filters(), next=None, text=text, reps=results.reps)


def _render(
    listed: object, *, filters: Filters, next: int | None, text: str = "", reps: object = ()
) -> Response:
    user = visitors.visitor().user
    kinds = [name for name in KINDS if user.has(Permission.VIEW, name)]
    return render(
        LIST,
        texts=TEXTS,
        here="documents",
        documents=listed,
        text=text,
        reps=reps,
        kinds=kinds,
        states=[state.value for state in State],
        most_searched=MAX_SEARCHED,
        filters=filters,
        next=next,
    )


@page("document", "GET", "/documents/<id>", Permission.VIEW)
def show(id: str) -> Response:
    """Show one document with its timeline, a live part."""
    if not Ulid.pattern.fullmatch(id):
        raise Problem(ErrorCode.NOT_FOUND, "There is no such document.")
    user, services = visitors.visitor().user, get_services()
    with Session(db.engine) as session:
        snapshot(session)
        row = get_document(session, id)
        require_document(session, user, Permission.VIEW, row)
        return polling.respond(
            "documents/document.html",
            "live",
            texts=TEXTS,
            here="documents",
            document=to_view(row, services.clock.now()),
            captured_at=row.captured_at,
            device=row.device,
            supersedes=row.supersedes,
            steps=timeline(session, id),
            in_erp=erp_documents(session, id),
            actions=applicable(session, user, row, services.clock.now()),
            body=rows_of(row.kind, row.body, chosen_language()),
        )


def _argument(name: str) -> str | None:
    """Return the filter *name*; None if it is absent, or no text that a document could have."""
    value = request.args.get(name, "").strip()
    return value if value and len(value) <= documents.LONGEST and is_storable(value) else None


def _before() -> int | None:
    value = request.args.get("before", "")
    is_number = value.isascii() and value.isdigit() and len(value) <= MAX_SEQ_DIGITS
    return int(value) if is_number else None
