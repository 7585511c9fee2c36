"""`/office/account`: a person's roles, password, second factor and language."""

from collections.abc import Callable

from flask import Response, request
from sqlalchemy.orm import Session

from backend.api.services import get_services
from backend.console import forms, redirects, visitors
from backend.console.account.texts import TEXTS
from backend.console.language import IDS
from backend.console.rendering import render
from backend.console.route import Open, page
from backend.database.web_session import db
from backend.office import accounts, passwords, second_factor, sign_in
from backend.office.passwords import ALONE, WITH_SECOND_FACTOR, PasswordRefused
from backend.office.sign_in import SignInRefused
from sync_protocol.wording import LANGUAGES


@page("account", "GET", "/account", Open.TO_PEOPLE)
def show() -> Response:
    """Show the account."""
    return _account()


@page("account_password", "POST", "/account/password", Open.TO_PEOPLE)
def change_password() -> Response:
    """Change the password; the other sessions of the person end."""
    form, visitor = forms.read(), visitors.visitor()
    if form.get("new", "") != form.get("again", ""):
        return _account("differs")

    def change(session: Session) -> None:
        sign_in.choose_password(
            session,
            visitor.user.name,
            current=form.get("current", ""),
            chosen=form.get("new", ""),
            company=get_services().settings.company,
            session_id=visitor.session_id,
            now=get_services().clock.now(),
        )

    return _try(change, "wrong") or redirects.see_other(redirects.START)


@page("account_factor", "POST", "/account/second-factor", Open.TO_PEOPLE)
def set_up_factor() -> Response:
    """Make the key of the form the second factor, and show its recovery codes once."""
    form, visitor, services = forms.read(), visitors.visitor(), get_services()
    codes: list[str] = []

    def set_up(session: Session) -> None:
        codes.extend(
            sign_in.set_up_second_factor(
                session,
                services.settings.folder,
                visitor.user.name,
                key=form.get("key", ""),
                code=form.get("code", ""),
                now=services.clock.now(),
            )
        )

    return _try(set_up, "wrong_code", key=form.get("key")) or render(
        "account/codes.html", texts=TEXTS, codes=codes, here="account"
    )


@page("account_factor_removal", "POST", "/account/second-factor/removal", Open.TO_PEOPLE)
def remove_factor() -> Response:
    """Remove the second factor."""
    form, visitor, services = forms.read(), visitors.visitor(), get_services()

    def remove(session: Session) -> None:
        sign_in.remove_second_factor(
            session,
            visitor.user.name,
            current=form.get("current", ""),
            company=services.settings.company,
            now=services.clock.now(),
        )

    return _try(remove, "wrong") or redirects.see_other(redirects.ACCOUNT)


@page("account_language", "POST", "/account/language", Open.TO_PEOPLE)
def choose_language() -> Response:
    """Store the language of the person."""
    chosen = forms.read().get("language", "")
    with Session(db.engine) as session, session.begin():
        visitors.still(session)
        account = accounts.get_active(session, visitors.visitor().user.name)
        account.language = chosen if chosen in IDS else None
    return redirects.see_other(redirects.ACCOUNT)


def _try(change: Callable[[Session], None], wrong: str, key: str | None = None) -> Response | None:
    """Carry out *change* in a transaction; return the page with the problem if it is refused, else None.

    It counts as a sign-in, because a password is verified: somebody at an open browser must not guess it.
    """
    name = visitors.visitor().user.name
    if get_services().rates.count_sign_in(name, request.remote_addr):
        return _account("wait", 429)
    try:
        with Session(db.engine) as session, session.begin():
            # The row is locked for a change before it is shared: two changes at once wait for each other.
            accounts.get_active(session, name, lock=True)
            visitors.still(session)
            change(session)
    except accounts.AccountMissing:
        return redirects.see_other(redirects.SIGN_IN)
    except SignInRefused:
        return _account(wrong, key=key)
    except PasswordRefused as refused:
        return _account(str(refused))
    except passwords.TooBusy:
        return _account("busy", 503)
    return None


def _account(problem: str | None = None, status: int = 422, key: str | None = None) -> Response:
    visitor, services = visitors.visitor(), get_services()
    key = key if key and second_factor.is_key(key) else second_factor.new_key()
    response = render(
        "account/account.html",
        texts=TEXTS,
        here="account",
        problem=problem,
        least=WITH_SECOND_FACTOR if visitor.has_second_factor else ALONE,
        key=key,
        key_address=second_factor.address_of(key, visitor.user.name, services.settings.company),
        languages=LANGUAGES,
    )
    response.status_code = status if problem else 200
    return response
