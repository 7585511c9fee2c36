"""Rules of the session: enrolment, tokens, revocation, and which replies to trust."""

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import Reply, problem
from sync_protocol.conformance.script import NW, Changes, customer
from sync_protocol.conformance.verdict import Rule, expect

PAGE = "docs/device.md"
PORTAL = b"<html><title>Welcome to our hotel</title></html>"


def enrolment(fixture: DeviceFixture) -> None:
    fixture.server.once("/v1/enrol", fixture.server.lose_reply)
    fixture.enrol()
    expect(
        fixture.enrol()["ok"],
        "after a lost reply, the same code does not enrol the device; did it send another key?",
    )
    expect(len(fixture.server.requests("/v1/enrol")) >= 2, "the code was not sent again")
    fixture.expect_no_faults()
    fixture.must("sync")
    fixture.expect_replica(FIRST_CURSOR)


def refresh(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.server.expire()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.must("sync")
    fixture.expect_no_faults()
    fixture.expect_replica("kit:2", "after token_expired the request was not repeated")


def lost_rotation(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.server.expire()
    fixture.server.once("/v1/token", fixture.server.lose_reply)
    fixture.send("sync")
    fixture.kill()
    fixture.must("sync")
    fixture.expect_no_faults()
    sent = [request.value["refresh_token"] for request in fixture.server.requests("/v1/token")]
    expect(sent[:2] == ["refresh-1", "refresh-1"], f"after a lost reply it sent {', '.join(sent[:2])}")


def refresh_invalid(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.server.expire()
    fixture.server.once("/v1/token", lambda request: problem(401, "refresh_invalid"))
    answer = fixture.send("sync")
    expect(not answer["ok"], "the sync reports success")
    fixture.expect_document(order)
    fixture.expect_replica(FIRST_CURSOR, "the replica was not kept")


def wipe(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.order()
    fixture.server.revoked = True
    expect(not fixture.send("sync")["ok"], "the sync reports success")
    dump = fixture.must("dump")
    expect(not dump["records"], "records are still there")
    expect(not dump["documents"], "documents are still there")
    expect(not dump["enrolled"], "the session is still there")


def no_wipe_without_order(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    html = Reply(401, PORTAL, {"Content-Type": "text/html"})
    fixture.server.next_pull(lambda request: html)
    fixture.send("sync")
    fixture.server.next_pull(lambda request: problem(401, "device_revoked"))
    fixture.send("sync")
    fixture.expect_document(order)
    fixture.expect_replica(FIRST_CURSOR, "a 401 without `wipe: true` deleted the replica")


def portal(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.server.next_pull(lambda request: Reply(200, PORTAL, {"Content-Type": "text/html"}))
    answer = fixture.send("sync")
    expect(not answer["ok"], "a sign-in page was treated as a successful sync")
    fixture.expect_replica(FIRST_CURSOR, "a sign-in page changed the replica")
    fixture.must("sync")
    fixture.expect_replica("kit:2", "after a sign-in page the sync does not continue")


def redirect(fixture: DeviceFixture) -> None:
    fixture.ready()
    elsewhere = {"Location": f"{fixture.server.http.address}/elsewhere", "Content-Type": "text/html"}
    fixture.server.next_pull(lambda request: Reply(302, PORTAL, elsewhere))
    fixture.send("sync")
    expect(not fixture.server.requests("/elsewhere"), "a redirect was followed, with the token")
    fixture.expect_replica(FIRST_CURSOR)


RULES = [
    Rule(
        "enrolment",
        "Send the same code with the same key, also after a lost reply",
        f"{PAGE}#enrolling",
        enrolment,
    ),
    Rule(
        "refresh", "After `token_expired`: refresh with a proof, repeat the request", f"{PAGE}#tokens", refresh
    ),
    Rule(
        "lost-rotation", "After a lost reply send the old refresh token again", f"{PAGE}#tokens", lost_rotation
    ),
    Rule("refresh-invalid", "`refresh_invalid` keeps replica and outbox", f"{PAGE}#tokens", refresh_invalid),
    Rule("wipe", "`device_revoked` with `wipe` deletes everything", f"{PAGE}#revocation", wipe),
    Rule("no-wipe", "No other reply deletes anything", f"{PAGE}#revocation", no_wipe_without_order),
    Rule("portal", "HTML with status 200 is not a reply", f"{PAGE}#trusting-a-reply", portal),
    Rule("redirect", "Redirects are not followed", f"{PAGE}#trusting-a-reply", redirect),
]
