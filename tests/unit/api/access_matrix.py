"""Who may call what: one row for each route of the URL map, and one credential for each kind of caller."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.identity import enrolment, reps
from backend.identity.models import Device, Rep
from backend.office import accounts
from backend.office.actions import ACTIONS
from backend.webapp import blueprint as webapp
from tests.unit.api.installation import Installation, Phone
from tests.unit.office.people import issue

PUBLIC, DEVICE, VIEW, RETRY, DECIDE, RECEIPTS, ORIGINALS = (
    *("anybody", "a device", "view", "retry"),
    *("decide", "receipts", "originals"),
)

MAY = {
    "api.enrol": PUBLIC,
    "api.token": PUBLIC,
    "api.wiped": PUBLIC,
    "api.limits": PUBLIC,
    "api.contract": PUBLIC,
    "api.livez": PUBLIC,
    "api.readyz": PUBLIC,
    "api.openapi": PUBLIC,
    "api.start_page": PUBLIC,
    "api.pull": DEVICE,
    "api.push": DEVICE,
    "api.report": DEVICE,
    "api.sync": DEVICE,
    "api.verify": DEVICE,
    "api.segment": DEVICE,
    "api.receipts_options": DEVICE,
    "api.receipts_create": DEVICE,
    "api.receipts_status": DEVICE,
    "api.receipts_add": DEVICE,
    "api.receipts_terminate": DEVICE,
    "api.office_list": VIEW,
    "api.office_show": VIEW,
    "api.office_receipt": RECEIPTS,
    "api.office_receipt_original": ORIGINALS,
    "api.office_reserve": RETRY,
    "api.office_release": RETRY,
    "api.office_retry": RETRY,
    "api.office_recall": RETRY,
    "api.office_causes": VIEW,
    "api.office_batch": VIEW,
    "api.office_batch_begin": VIEW,
    "api.office_batch_continue": VIEW,
    "api.office_batch_undo": VIEW,
    "api.office_done": DECIDE,
    "api.office_cancel": DECIDE,
    "api.office_fix": DECIDE,
    "api.office_return": DECIDE,
    "api.office_link": DECIDE,
    "api.office_unlink": DECIDE,
    "api.office_approve": DECIDE,
    **{f"{webapp.NAME}.{path}": PUBLIC for path in webapp.PATHS},
}
"""Who may call each route. A route without a row fails the test: write down who it is for."""

OFFICE = (VIEW, RETRY, DECIDE)
"""What order desk and finance have in common; finance may also see receipts, and their originals."""


@dataclass(frozen=True)
class Caller:
    """A kind of caller: how it gets its token, and what it may do. *refusal* is for what it may not."""

    token: Callable[[Installation], str | None]
    may: tuple[str, ...]
    refusal: Callable[[str], tuple[int, str]]
    """Status and code for a route, by who may call it."""


def _unknown(who: str) -> tuple[int, str]:
    return (401, "token_invalid" if who == DEVICE else "office_token_invalid")


def _revoke(installation: Installation, phone: Phone) -> None:
    installation.change(
        lambda s: enrolment.revoke(
            s, s.get_one(Device, phone.device_id), actor="user:x", now=installation.clock.now()
        )
    )


def _revoked(installation: Installation) -> str:
    phone = installation.phone()
    _revoke(installation, phone)
    return phone.access_token


def _left(installation: Installation) -> str:
    phone = installation.phone()
    installation.change(
        lambda s: reps.deactivate(s, s.get_one(Rep, "R1"), actor="user:x", now=installation.clock.now())
    )
    return phone.access_token


def _office(role: str) -> Callable[[Installation], str]:
    return lambda installation: installation.change(
        lambda s: issue(s, f"anna-{role}", role, now=installation.clock.now())
    )


def _revoked_account(installation: Installation) -> str:
    token = _office("order_desk")(installation)
    installation.change(
        lambda s: accounts.revoke(s, "anna-order_desk", by="user:x", now=installation.clock.now())
    )
    return token


def _as_office(who: str) -> tuple[int, str]:
    return (401, "token_invalid") if who == DEVICE else (403, "role_missing")


CALLERS = {
    "nobody": Caller(lambda installation: None, (PUBLIC,), lambda who: (401, "token_missing")),
    "rubbish": Caller(lambda installation: "a.b.c", (PUBLIC,), _unknown),
    "a refresh token": Caller(lambda installation: installation.phone().refresh_token, (PUBLIC,), _unknown),
    "a device": Caller(
        lambda installation: installation.phone().access_token,
        (PUBLIC, DEVICE),
        lambda who: (403, "role_missing"),
    ),
    "a revoked device": Caller(_revoked, (PUBLIC,), lambda who: (401, "device_revoked")),
    "a rep who has left": Caller(_left, (PUBLIC,), lambda who: (401, "device_revoked")),
    "order desk": Caller(_office("order_desk"), (PUBLIC, *OFFICE), _as_office),
    "finance": Caller(_office("finance"), (PUBLIC, *OFFICE, RECEIPTS, ORIGINALS), _as_office),
    "it": Caller(_office("it"), (PUBLIC, VIEW, RETRY, RECEIPTS), _as_office),
    "a revoked account": Caller(_revoked_account, (PUBLIC,), _unknown),
}

assert {f"api.office_{name}" for name in ACTIONS} <= set(MAY), "an action of the office has no row"
