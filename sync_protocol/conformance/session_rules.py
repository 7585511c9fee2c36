"""Rules of the session: enrolment, tokens, revocation, and which replies to trust."""

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, PUSHES, DeviceFixture
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import NW, Changes, customer

PAGE = "docs/device.md"
PORTAL = b"<html><title>Welcome to our hotel</title></html>"


def enrolment(fixture: DeviceFixture) -> None:
    fixture.server.once_proven("/v1/enrol", fixture.server.lose_reply)
    fixture.enrol()
    fixture.kill()
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
    fixture.must("sync")
    fixture.server.expire()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.must("sync")
    fixture.expect_no_faults()
    fixture.expect_replica("kit:2", "after token_expired the request was not repeated")


def refresh_once(fixture: DeviceFixture) -> None:
    """A server that takes back each token as soon as it has issued it."""
    fixture.ready()

    def expired(request: Request) -> Reply | None:
        return None if request.path == "/v1/token" else problem(401, "token_expired")

    fixture.server.override = expired
    before = len(fixture.server.requests("/v1/pull"))
    expect(not fixture.send("sync")["ok"], "the sync reports success")
    count = len(fixture.server.requests("/v1/pull")) - before
    expect(
        count == 2, f"a request that the new token did not help either was sent {count} times instead of twice"
    )
    fixture.server.override = None
    fixture.must("sync")


def no_retry(fixture: DeviceFixture) -> None:
    fixture.ready()
    _expect_one(fixture, "pull", "/v1/pull")
    fixture.order()
    _expect_one(fixture, "push", *PUSHES)
    fixture.must("sync")


def _expect_one(fixture: DeviceFixture, name: str, *paths: str) -> None:
    """Require that one sync sends one request to *paths* if the reply is lost, and if the server is busy."""
    for reply, failure in ((Reply(0, lost=True), "a lost reply"), (problem(503, "unavailable"), "503")):
        fixture.server.override = lambda request, r=reply: r if request.path in paths else None
        before = len(fixture.server.received)
        fixture.send("sync")
        count = sum(request.path in paths for request in fixture.server.received[before:])
        expect(count == 1, f"after {failure} the {name} was sent {count} times in one sync instead of once")
    fixture.server.override = None


def lost_rotation(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.server.expire()
    fixture.server.once_proven("/v1/token", fixture.server.lose_reply)
    fixture.send("sync")
    fixture.kill()
    fixture.must("sync")
    fixture.expect_no_faults()
    sent = [request.value["refresh_token"] for request in fixture.server.requests("/v1/token")]
    expect(set(sent) == {"refresh-1"}, f"after a lost reply it sent {', '.join(sent)}")


def nonce(fixture: DeviceFixture) -> None:
    """A server that wants a new nonce: once, and then in every reply."""
    fixture.ready()
    fixture.server.expire()
    fixture.server.expire_nonces()
    fixture.must("sync")
    fixture.expect_no_faults()
    fixture.server.expire()

    def never_satisfied(request: Request) -> Reply | None:
        if request.path == "/v1/token":
            fixture.server.expire_nonces()
        return None

    fixture.server.override = never_satisfied
    before = len(fixture.server.requests("/v1/token"))
    expect(not fixture.send("sync")["ok"], "the sync reports success")
    count = len(fixture.server.requests("/v1/token")) - before
    expect(
        count == 2, f"after `use_dpop_nonce` the request was sent {count} times in one sync instead of twice"
    )
    fixture.server.override = None
    fixture.must("sync")
    fixture.expect_replica(FIRST_CURSOR, "`use_dpop_nonce` changed the replica")


def wrong_clock(fixture: DeviceFixture) -> None:
    """A device whose clock is three years behind the server's, at its first request."""
    fixture.server.ahead = 3 * 365 * 86_400.0
    fixture.ready()
    fixture.server.expire()
    fixture.must("sync")
    fixture.expect_no_faults()


def refused_proof(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.server.expire()
    fixture.server.once("/v1/token", lambda request: problem(400, "invalid_dpop_proof"))
    expect(not fixture.send("sync")["ok"], "the sync reports success")
    fixture.expect_document(order)
    fixture.must("sync")
    fixture.expect_no_faults()


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


def wiped(fixture: DeviceFixture) -> None:
    """The confirmation gets lost, and the process ends."""
    fixture.ready()
    fixture.server.revoked = True
    fixture.server.once("/v1/wiped", lambda request: Reply(0, lost=True))
    fixture.send("sync")
    confirmed = fixture.server.requests("/v1/wiped")
    expect(confirmed, "the device did not confirm that it has wiped itself")
    expect("authorization" not in confirmed[0].headers, "a token was kept until after the wipe")
    fixture.kill()
    fixture.send("sync")
    again = fixture.server.requests("/v1/wiped")[len(confirmed) :]
    expect(again, "after a lost reply and a restart the wipe was not confirmed again")
    fixture.send("sync")
    expect(
        len(fixture.server.requests("/v1/wiped")) == len(confirmed) + len(again),
        "the wipe was confirmed again after the server had acknowledged that",
    )
    fixture.expect_no_faults()


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
    headers = {"Location": f"{fixture.http.address}/elsewhere", "Content-Type": "text/html"}
    fixture.server.next_pull(lambda request: Reply(302, PORTAL, headers))
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
    Rule("refresh-once", "After a refresh repeat the request once", f"{PAGE}#tokens", refresh_once),
    Rule("no-retry", "Nothing below the device repeats a request", f"{PAGE}#trusting-a-reply", no_retry),
    Rule(
        "lost-rotation", "After a lost reply send the old refresh token again", f"{PAGE}#tokens", lost_rotation
    ),
    Rule(
        "nonce",
        "After `use_dpop_nonce`: a new proof with the nonce of the reply, once",
        f"{PAGE}#tokens",
        nonce,
    ),
    Rule("wrong-clock", "The time of a proof is the server's", f"{PAGE}#tokens", wrong_clock),
    Rule("refused-proof", "`invalid_dpop_proof` logs nobody out", f"{PAGE}#tokens", refused_proof),
    Rule("refresh-invalid", "`refresh_invalid` keeps replica and outbox", f"{PAGE}#tokens", refresh_invalid),
    Rule("wipe", "`device_revoked` with `wipe` deletes everything", f"{PAGE}#revocation", wipe),
    Rule(
        "wiped",
        "Confirm the wipe with `wipe_order`, until there is a reply",
        f"{PAGE}#revocation",
        wiped,
    ),
    Rule("no-wipe", "No other reply deletes anything", f"{PAGE}#revocation", no_wipe_without_order),
    Rule("portal", "HTML with status 200 is not a reply", f"{PAGE}#trusting-a-reply", portal),
    Rule("redirect", "Redirects are not followed", f"{PAGE}#trusting-a-reply", redirect),
]
