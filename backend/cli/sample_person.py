"""A person of the office of the sample company, so that the console can be tried at once.

Apart from `serve`, which imports it only for the sample company: it loads the office.
"""

from backend.cli.context import local_user, transaction
from backend.clock import SystemClock
from backend.identity.models import OfficeAccount
from backend.office import accounts, sign_in
from backend.office.roles import Role
from backend.settings import Settings

NAME = "anna"
ROLES = (Role.ORDER_DESK, Role.FINANCE, Role.PLANNING, Role.IT)


def add_sample_person(settings: Settings) -> str:
    """Add the person unless she is there; return the address of the console and how to sign in, as a comment.

    Until she has chosen a password, each call makes a new initial one.
    """
    url = settings.public_url if settings.tls_certificate else settings.local_url
    by, now = local_user(), SystemClock().now()
    with transaction(settings) as session:
        account = session.get(OfficeAccount, NAME)
        if account is None:
            account = accounts.add(session, NAME, ROLES, by=by, now=now)
        if account.revoked_at is not None or (account.password_hash and not account.password_expires_at):
            how = "the password that you chose"
        else:
            how = f"the initial password {sign_in.issue_password(session, NAME, by=by, now=now)}"
    return f"# The office console: {url}/office/ as {NAME}, with {how}"
