"""What a device writes is committed before its revocation is, or refused: nothing is accepted after it.

At the commit of each request somebody else tries to revoke the device. On PostgreSQL that must wait.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from ulid import ULID

from backend.clock import ManualClock
from backend.identity import enrolment, reps
from backend.identity.models import SEEN_EVERY, Device, Rep
from backend.office import accounts
from backend.settings import read_settings
from tests.unit.api.endpoints.receipt_upload import JPEG, create, patch, tus
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.identity.test_races import at_once
from tests.unit.office.people import issue
from tests.unit.sync.company import order_body, submission
from tests.unit.sync.replica import NOW

Revoke = Callable[[Session, Installation, Phone], object]


@pytest.fixture(scope="module")
def on_postgresql(
    postgres_server: Any, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    url = postgres_server.create_database("revocations", postgres_template)
    folder = str(tmp_path_factory.mktemp("revocations") / "i")
    with install(
        read_settings({"SATCHEL_FOLDER": folder, "SATCHEL_DATABASE_URL": url}), ManualClock(NOW)
    ) as installation:
        yield installation
    postgres_server.drop_database("revocations")


def lose(session: Session, installation: Installation, phone: Phone) -> object:
    device = session.get_one(Device, phone.device_id)
    return enrolment.revoke(session, device, actor="user:x", now=installation.clock.now())


def leave(session: Session, installation: Installation, phone: Phone) -> object:
    return reps.deactivate(session, session.get_one(Rep, "R1"), actor="user:x", now=installation.clock.now())


@contextmanager
def revoking_at_each_commit(installation: Installation, phone: Phone, revoke: Revoke) -> Iterator[list[str]]:
    """Yield the results of the attempts to revoke *phone* while a request commits."""
    results: list[str] = []
    busy: list[bool] = []

    def attempt(session: Session) -> None:
        if busy:
            return
        busy.append(True)
        try:
            with installation.sessions() as other, other.begin():
                other.execute(text("SET LOCAL lock_timeout = '100ms'"))
                revoke(other, installation, phone)
            results.append("revoked")
        except OperationalError:
            results.append("waits")
        finally:
            busy.clear()

    event.listen(Session, "before_commit", attempt, insert=True)
    try:
        yield results
    finally:
        event.remove(Session, "before_commit", attempt)


def pushes(phone: Phone) -> Callable[[], Any]:
    return lambda: phone.push(submission(str(ULID()), order_body()))


def syncs(phone: Phone) -> Callable[[], Any]:
    body = {"submissions": [submission(str(ULID()), order_body())], "cursor": None, "schema": 1}
    return lambda: phone.ask("POST", "/v1/sync", json=body)


def begins_an_upload(phone: Phone) -> Callable[[], Any]:
    return lambda: create(phone)


def completes_an_upload(phone: Phone) -> Callable[[], Any]:
    data = JPEG + str(ULID()).encode()
    path = urlsplit(create(phone, data).headers["Location"]).path
    return lambda: patch(phone, path, 0, data)


def ends_an_upload(phone: Phone) -> Callable[[], Any]:
    path = urlsplit(create(phone).headers["Location"]).path
    return lambda: tus(phone, "DELETE", path)


def refreshes(phone: Phone) -> Callable[[], Any]:
    return lambda: phone.refresh()


@pytest.mark.parametrize(
    ("begin", "revoke"),
    [
        *((begin, lose) for begin in (pushes, syncs, begins_an_upload, completes_an_upload, ends_an_upload)),
        (refreshes, lose),
        (pushes, leave),
        (completes_an_upload, leave),
    ],
)
def test_a_revocation_waits_for_what_is_being_committed_and_nothing_comes_after_it(
    on_postgresql: Installation, revoke: Revoke, begin: Callable[[Phone], Callable[[], Any]]
) -> None:
    now = on_postgresql.clock.now()
    on_postgresql.change(lambda s: reps.activate(s, s.get_one(Rep, "R1"), actor="user:x", now=now))
    phone = on_postgresql.phone()
    send = begin(phone)
    with revoking_at_each_commit(on_postgresql, phone, revoke) as results:
        assert send().status_code < 300
    assert set(results) == {"waits"}
    on_postgresql.change(lambda session: revoke(session, on_postgresql, phone))
    reply = send()
    assert (reply.status_code, reply.headers["Satchel-Error"]) == (401, "device_revoked")


def test_a_revocation_of_an_office_account_waits_for_its_action(on_postgresql: Installation) -> None:
    now = on_postgresql.clock.now()
    token = on_postgresql.change(lambda s: issue(s, "anna", "order_desk", now=now))
    with on_postgresql.sessions() as session:
        assert accounts.read_to_write(session, token, now).name == "anna"
        with on_postgresql.sessions() as other, pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text("SET LOCAL lock_timeout = '100ms'"))
            accounts.revoke(other, "anna", by="x", now=now)
            other.flush()


def test_requests_of_a_device_at_once_do_not_wait_for_each_other_for_ever(on_postgresql: Installation) -> None:
    """Each is due to note that the device was seen, which changes the row that the others share."""
    phone = on_postgresql.phone("R2")
    on_postgresql.clock.advance(seconds=SEEN_EVERY.total_seconds())
    results = at_once(lambda n: (pushes, begins_an_upload)[n % 2](phone)().status_code)
    assert set(results) == {200, 201}
