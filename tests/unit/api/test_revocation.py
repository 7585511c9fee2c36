"""A revocation takes effect with the next request: in every route, on every device, also in what had begun."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from backend.identity import enrolment, reps
from backend.identity.models import Device, Rep
from backend.sync.page import etag_of
from tests.unit.api.endpoints.receipt_upload import JPEG, create, patch, tus
from tests.unit.api.endpoints.segment_download import large, offered_segment, phone
from tests.unit.api.installation import Installation, Phone
from tests.unit.api.test_access_matrix import MAY, requests

__all__ = ["large", "phone"]

Revoke = Callable[[Installation, Phone], None]


def leave(installation: Installation, phone: Phone) -> None:
    now = installation.clock.now()
    installation.change(lambda s: reps.deactivate(s, s.get_one(Rep, "R1"), actor="user:x", now=now))


def lose(installation: Installation, phone: Phone) -> None:
    now = installation.clock.now()
    installation.change(
        lambda s: enrolment.revoke(s, s.get_one(Device, phone.device_id), actor="user:x", now=now)
    )


@pytest.fixture(params=[leave, lose], ids=["deactivated", "revoked"])
def revoke(request: pytest.FixtureRequest) -> Revoke:
    return request.param


def code(reply: object) -> tuple[int, str]:
    return reply.status_code, reply.headers["Satchel-Error"]


REVOKED = (401, "device_revoked")


def test_all_devices_of_a_rep_who_leaves_are_refused_at_all_routes(installation: Installation) -> None:
    phones, stranger = [installation.phone() for _ in range(3)], installation.phone("R2")
    leave(installation, phones[0])
    for own in phones:
        for endpoint, method, path in requests(installation):
            if MAY[endpoint] != "anybody":
                installation.forget_failures()
                assert code(own.ask(method, path)) == REVOKED, f"{method} {path}"
        assert code(own.refresh()) == REVOKED
    assert stranger.pull().status_code == 200


def test_an_idle_poll_is_refused(large: Installation, phone: Phone, revoke: Revoke) -> None:
    cursor = phone.pull().json["cursor"]
    headers = {"If-None-Match": f'W/"{etag_of(cursor)}"'}
    assert phone.pull(cursor, headers=headers).status_code == 304
    revoke(large, phone)
    assert code(phone.pull(cursor, headers=headers)) == REVOKED


def test_an_upload_that_has_begun_is_refused(large: Installation, phone: Phone, revoke: Revoke) -> None:
    place = urlsplit(create(phone).headers["Location"]).path
    assert patch(phone, place, 0, JPEG[:10]).status_code == 204
    revoke(large, phone)
    assert code(patch(phone, place, 10, JPEG[10:])) == REVOKED
    for method in ("HEAD", "DELETE"):
        assert code(tus(phone, method, place)) == REVOKED


def test_a_segment_and_its_link_are_refused(large: Installation, phone: Phone, revoke: Revoke) -> None:
    segment = offered_segment(phone)
    link = segment["url"].removeprefix("https://cdn.example.com")
    assert large.client.get(link).status_code == 200
    revoke(large, phone)
    assert code(phone.ask("GET", f"/v1/segments/{segment['sha256']}")) == REVOKED
    refused = large.client.get(link)
    assert code(refused) == (404, "link_invalid")
    assert "wipe_order" not in refused.json, "whoever else has the link could confirm the wipe"


def test_a_rep_who_is_activated_again_needs_new_codes_and_phones(installation: Installation) -> None:
    phone, unused = installation.phone(), installation.code()
    leave(installation, phone)
    now = installation.clock.now()
    installation.change(lambda s: reps.activate(s, s.get_one(Rep, "R1"), actor="user:x", now=now))
    assert code(phone.pull()) == REVOKED
    assert code(Phone(installation).enrol(unused)) == (400, "enrolment_code_invalid")
    assert installation.phone().pull().status_code == 200


def test_a_rep_that_an_earlier_version_deactivated_does_not_get_the_old_phones_back(
    installation: Installation,
) -> None:
    phone = installation.phone()
    installation.change(lambda s: setattr(s.get_one(Rep, "R1"), "active", False))
    assert code(phone.pull()) == REVOKED
    now = installation.clock.now()
    installation.change(lambda s: reps.activate(s, s.get_one(Rep, "R1"), actor="user:x", now=now))
    assert code(phone.pull()) == REVOKED
