"""Two nodes on one database and one folder: what one has seen, revoked or rotated, the other knows at once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.app import create_app
from backend.clock import ManualClock
from backend.database.web_session import db
from backend.identity import enrolment, key_rotation
from backend.identity.key_ring import PUBLISH, UNKNOWN_EVERY_SECONDS
from backend.identity.models import Device
from backend.settings import read_settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.identity.test_races import at_once
from tests.unit.sync.replica import NOW

Nodes = tuple[Installation, Installation]


@pytest.fixture(scope="module")
def nodes(
    postgres_server: Any, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nodes]:
    url = postgres_server.create_database("two_nodes", postgres_template)
    folder = str(tmp_path_factory.mktemp("two") / "i")
    settings = read_settings({"SATCHEL_FOLDER": folder, "SATCHEL_DATABASE_URL": url})
    with install(settings, ManualClock(NOW)) as first:
        second = replace(first, app=create_app(settings, first.clock))
        yield first, second
        with second.app.app_context():
            db.engine.dispose()
    postgres_server.drop_database("two_nodes")


def at(node: Installation, phone: Phone) -> Phone:
    """Return *phone* as it talks to *node*."""
    return replace(phone, installation=node)


def test_a_proof_is_used_up_on_both_nodes_and_a_nonce_is_good_on_both(nodes: Nodes) -> None:
    phone = nodes[0].phone()
    proof = phone.proof("/v1/token")
    assert at(nodes[1], phone).refresh(proof=proof).status_code == 200
    replayed = phone.refresh(proof=proof)
    assert (replayed.status_code, replayed.json["code"]) == (400, "invalid_dpop_proof")
    proofs = [phone.proof("/v1/token") for _ in range(3)]
    at_both = at_once(lambda n: at(nodes[n % 2], phone).refresh(proof=proofs[n // 2]).status_code)
    assert sorted(at_both) == [200, 200, 200, 400, 400, 400]


def test_a_refresh_on_both_nodes_at_once_has_one_result(nodes: Nodes) -> None:
    phone = nodes[0].phone()
    replies = at_once(lambda n: at(nodes[n % 2], phone).refresh().json["refresh_token"])
    assert len(set(replies)) == 1


def test_a_code_used_on_both_nodes_at_once_enrols_one_phone(nodes: Nodes) -> None:
    code = nodes[0].code()
    replies = at_once(lambda n: Phone(nodes[n % 2]).enrol(code).status_code)
    assert sorted(replies) == [201, 400, 400, 400, 400, 400]


def test_a_revocation_on_one_node_holds_for_the_next_request_on_the_other(nodes: Nodes) -> None:
    phone = nodes[0].phone()
    for node in nodes:
        assert at(node, phone).pull().status_code == 200
    now = nodes[0].clock.now()
    nodes[0].change(lambda s: enrolment.revoke(s, s.get_one(Device, phone.device_id), actor="x", now=now))
    for node in nodes:
        for reply in (at(node, phone).pull(), at(node, phone).push(), at(node, phone).refresh()):
            assert (reply.status_code, reply.json["code"]) == (401, "device_revoked")


def test_a_rotation_of_keys_on_one_node_logs_nobody_out_on_the_other(nodes: Nodes) -> None:
    phone = nodes[0].phone()
    key_rotation.rotate(nodes[0].settings.folder, key_rotation.KINDS, nodes[0].clock.now())
    nodes[0].satchel.keys._read()
    nodes[0].clock.advance(seconds=PUBLISH.total_seconds() + 1)
    phone.keep(phone.refresh())
    # The second node has read the folder before the rotation, two seconds ago: the token makes it read again.
    nodes[1].satchel.keys._read_at = nodes[1].satchel.keys._monotonic() - 2 * UNKNOWN_EVERY_SECONDS
    for node in (nodes[1], nodes[0]):
        assert at(node, phone).pull().status_code == 200
        phone.keep(at(node, phone).refresh())
