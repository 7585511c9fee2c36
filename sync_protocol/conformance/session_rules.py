"""Rules of the session: enrolment, tokens, revocation, and whom to believe."""

from sync_protocol.conformance.device_fixture import FIRST, DeviceFixture
from sync_protocol.conformance.http_server import Reply, problem
from sync_protocol.conformance.script import NW, Changes, customer
from sync_protocol.conformance.verdict import Rule, expect

PAGE = "docs/device.md"
PORTAL = b"<html><title>Welcome to our hotel</title></html>"


def enrolment(bench: DeviceFixture) -> None:
    bench.server.once("/v1/enrol", bench.server.lost)
    bench.enrol()
    expect(bench.enrol()["ok"], "after a lost reply, the same code does not enrol the device: another key?")
    expect(len(bench.server.requests("/v1/enrol")) >= 2, "the code was not sent again")
    bench.no_faults()
    bench.must("sync")
    bench.holds(FIRST)


def refresh(bench: DeviceFixture) -> None:
    bench.ready()
    bench.server.expire()
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    bench.must("sync")
    bench.no_faults()
    bench.holds("kit:2", "after token_expired the request was not repeated")


def lost_rotation(bench: DeviceFixture) -> None:
    bench.ready()
    bench.server.expire()
    bench.server.once("/v1/token", bench.server.lost)
    bench.tell("sync")
    bench.kill()
    bench.must("sync")
    bench.no_faults()
    sent = [request.value["refresh_token"] for request in bench.server.requests("/v1/token")]
    expect(sent[:2] == ["refresh-1", "refresh-1"], f"after a lost reply it sent {', '.join(sent[:2])}")


def refresh_invalid(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    bench.server.expire()
    bench.server.once("/v1/token", lambda request: problem(401, "refresh_invalid"))
    answer = bench.tell("sync")
    expect(not answer["ok"], "the sync says that it succeeded")
    bench.kept(order)
    bench.holds(FIRST, "the replica did not stay")


def wipe(bench: DeviceFixture) -> None:
    bench.ready()
    bench.order()
    bench.server.revoked = True
    expect(not bench.tell("sync")["ok"], "the sync says that it succeeded")
    found = bench.must("dump")
    expect(not found["records"], "records are still there")
    expect(not found["documents"], "documents are still there")
    expect(not found["enrolled"], "the session is still there")


def no_wipe_without_order(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    html = Reply(401, PORTAL, {"Content-Type": "text/html"})
    bench.server.next_pull(lambda request: html)
    bench.tell("sync")
    bench.server.next_pull(lambda request: problem(401, "device_revoked"))
    bench.tell("sync")
    bench.kept(order)
    bench.holds(FIRST, "a 401 without `wipe: true` deleted the replica")


def portal(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    bench.server.next_pull(lambda request: Reply(200, PORTAL, {"Content-Type": "text/html"}))
    answer = bench.tell("sync")
    expect(not answer["ok"], "a sign-in page was taken for a sync that succeeded")
    bench.holds(FIRST, "a sign-in page changed the replica")
    bench.must("sync")
    bench.holds("kit:2", "after a sign-in page the sync does not go on")


def redirect(bench: DeviceFixture) -> None:
    bench.ready()
    elsewhere = {"Location": f"{bench.server.line.address}/elsewhere", "Content-Type": "text/html"}
    bench.server.next_pull(lambda request: Reply(302, PORTAL, elsewhere))
    bench.tell("sync")
    expect(not bench.server.requests("/elsewhere"), "a redirect was followed, token and all")
    bench.holds(FIRST)


RULES = [
    Rule("enrolment", "Same code, same key, also after a lost reply", f"{PAGE}#enrolling", enrolment),
    Rule("refresh", "After token_expired: refresh with a proof, repeat the request", f"{PAGE}#tokens", refresh),
    Rule("lost-rotation", "After a lost reply the old refresh token again", f"{PAGE}#tokens", lost_rotation),
    Rule("refresh-invalid", "refresh_invalid keeps replica and outbox", f"{PAGE}#tokens", refresh_invalid),
    Rule("wipe", "device_revoked with wipe deletes everything", f"{PAGE}#revocation", wipe),
    Rule("no-wipe", "Nothing else deletes anything", f"{PAGE}#revocation", no_wipe_without_order),
    Rule("portal", "HTML with status 200 is no answer", f"{PAGE}#trusting-a-reply", portal),
    Rule("redirect", "Redirects are not followed", f"{PAGE}#trusting-a-reply", redirect),
]
