"""`/office/sign-in` and `/office/sign-out`."""

import math

from flask import Response, g, request
from sqlalchemy.orm import Session, sessionmaker

from backend.api.rates.address import network_of
from backend.api.services import get_services
from backend.console import forms, redirects, visitors
from backend.console.rendering import render
from backend.console.route import Open, page
from backend.console.sign_in import refused
from backend.console.sign_in.texts import TEXTS
from backend.database.web_session import db
from backend.identity.names import is_storable
from backend.office import passwords, sessions, sign_in
from backend.office.sign_in import Credentials, SignInRefused


@page("sign_in", "GET", "/sign-in", Open.TO_ALL)
def show() -> Response:
    """Show the form; who is signed in already continues."""
    if g.visitor is not None:
        return redirects.see_other(redirects.own_path(request.args.get("next")))
    return _form(request.args.get("next"))


@page("sign_in_send", "POST", "/sign-in", Open.TO_ALL)
def send() -> Response:
    """Begin a session under a new id, and lead to the page that was asked for first."""
    services, form = get_services(), forms.read()
    name, next_page = form.get("name", "").strip(), form.get("next")
    wait = _wait(name)
    if wait:
        response = _form(next_page, name, "wait", 429, minutes=math.ceil(wait / 60))
        response.headers["Retry-After"] = str(wait)
        return response
    given = Credentials(
        name,
        form.get("password", ""),
        form.get("code", ""),
        network_of(request.remote_addr),
        request.headers.get("User-Agent", ""),
    )
    now = services.clock.now()
    try:
        id = sign_in.sign_in(
            sessionmaker(db.engine, expire_on_commit=False), services.settings.folder, given, now
        )
    except passwords.TooBusy:
        return _form(next_page, name, "busy", 503)
    except SignInRefused:
        refused.note(name, now)
        services.rates.failed(request.remote_addr)
        return _form(next_page, name, "refused", 401)
    response = redirects.see_other(redirects.own_path(next_page))
    visitors.set_cookie(response, id)
    return response


@page("sign_out", "POST", "/sign-out", Open.TO_PEOPLE)
def end() -> Response:
    """End the session."""
    visitor = visitors.visitor()
    with Session(db.engine) as session, session.begin():
        sign_in.sign_out(session, visitor.user.name, visitor.session_id, get_services().clock.now())
    response = redirects.see_other(redirects.SIGN_IN)
    visitors.delete_cookie(response)
    return response


def _wait(name: str) -> int:
    """Count the attempt; return the seconds to wait before another one, 0 if the password may be verified."""
    rates, network = get_services().rates, network_of(request.remote_addr)
    wait = rates.count_public(request.remote_addr) or rates.count_sign_in(name, request.remote_addr)
    if wait:
        return wait
    with Session(db.engine) as session:
        if is_storable(name) and sessions.is_known_network(session, name, network):
            return 0
    return rates.count_strange_sign_in(name)


def _form(
    next_page: str | None, name: str = "", problem: str | None = None, status: int = 200, **values: object
) -> Response:
    response = render(
        "sign_in/form.html",
        texts=TEXTS,
        next_page=redirects.own_path(next_page),
        name=name,
        problem=problem,
        problem_values=values,
    )
    response.status_code = status
    return response
