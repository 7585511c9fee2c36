"""Rules of a server's pages, checksums and segments."""

import base64
import json
from collections.abc import Callable
from functools import wraps

from sync_protocol.conformance.client import Client, Json, expect_json, expect_problem
from sync_protocol.conformance.replica import Replica
from sync_protocol.conformance.rule import NotApplicable, Rule, RuleViolation, expect
from sync_protocol.limits import LIMITS
from sync_protocol.pull import SEGMENTS_SINCE
from sync_protocol.segment import decode, name_of
from sync_protocol.verify import VerifyReplySchema

PAGE = "docs/protocol.md#pull"
SEGMENTS = "docs/protocol.md#segments"
SMALL = 4096
TRIES = 5
"""How often a rule is checked if it fails while others write."""

Check = Callable[[Client], None]


def undisturbed(check: Check) -> Check:
    """Wrap *check* for a server to which others write: a failure counts only if the head did not change."""

    @wraps(check)
    def repeated(client: Client) -> None:
        for _ in range(TRIES):
            before = _head(client)
            try:
                return check(client)
            except RuleViolation:
                if _head(client) == before:
                    raise
        raise NotApplicable(
            f"others wrote to the server in each of {TRIES} tries; run the kit when nobody writes"
        )

    return repeated


def _head(client: Client) -> int:
    return int(expect_json(client.pull(query={"limit_bytes": str(SMALL)}), None)["head"])


@undisturbed
def pages(client: Client) -> None:
    small = Replica().pull(client, limit_bytes=SMALL)
    large = Replica().pull(client, limit_bytes=LIMITS.page_bytes_most)
    expect(small.contents() == large.contents(), "small pages and large ones give different replicas")
    expect(all(not page["complete"] for page in small.pages[:-1]), "a page was complete, and more followed")
    expect(len({page["epoch"] for page in small.pages}) == 1, "the epoch changes between pages")


def check(client: Client) -> None:
    replica = Replica().pull(client)
    announced, actual = replica.pages[-1]["check"], replica.checksum()
    expect(announced == actual, f"`check` is {announced}, and the rows received give {actual}")


@undisturbed
def idle(client: Client) -> None:
    replica = Replica().pull(client)
    expect(replica.etag, "a page has no ETag")
    reply = client.pull(replica.cursor, headers={"If-None-Match": replica.etag})
    expect(reply.status_code == 304, f"nothing has changed, and the status is {reply.status_code}")
    expect(not reply.content, "a 304 has a body")
    expect(reply.headers.get("satchel-poll-after", "").isdigit(), "a 304 lacks Satchel-Poll-After")
    other = client.pull(replica.cursor, headers={"If-None-Match": 'W/"of-another-page"'})
    expect(other.status_code == 200, "a 304 for a tag of another cursor")


def bad_cursors(client: Client) -> None:
    good = Replica().pull(client).cursor or ""
    expect_problem(client.pull("not a cursor"), 400, "cursor_invalid")
    middle = len(good) // 2
    damaged = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]
    expect_problem(client.pull(damaged), 400, "cursor_invalid")
    expect_problem(client.pull(query={"limit_bytes": "0"}), 422, "envelope_invalid")


def revisions(client: Client) -> None:
    old = Replica().pull(client, schema=1)
    expect(
        not any(page["segments"] or page["then"] for page in old.pages), "segments are offered to revision 1"
    )
    reply = client.pull(old.cursor, schema=999_999)
    expect_json(reply, None)
    tolerant = client.pull(old.cursor, query={"of_a_newer_app": "1"})
    expect(tolerant.status_code < 400, "an unknown query parameter is refused")


@undisturbed
def segments(client: Client) -> None:
    replica = Replica().pull(client, schema=SEGMENTS_SINCE)
    offers = replica.pages[-1]["segments"]
    expect_problem(client.request("GET", f"/v1/segments/{'0' * 64}"), 404, "not_found")
    if not offers:
        raise NotApplicable("this rep is offered no segments: too little data, or none are built")
    expect(replica.pages[-1]["then"], "segments are offered and `then` is null")
    for stream in {(offer["channel"], offer["collection"]) for offer in offers}:
        ranges = sorted(
            (o["from"].encode(), o["to"]) for o in offers if (o["channel"], o["collection"]) == stream
        )
        ends = [b"", *(to.encode() if to is not None else None for _, to in ranges)]
        expect(
            [start for start, _ in ranges] == ends[:-1] and ends[-1] is None,
            f"the ranges of {stream} do not tile",
        )
    offer = offers[0]
    path = f"/v1/segments/{offer['sha256']}"
    full = client.request("GET", path, headers={"Accept-Encoding": "identity"})
    expect(name_of(full.content) == offer["sha256"], "the bytes do not match the name")
    expect("content-encoding" not in full.headers, "a segment has a Content-Encoding")
    decoded = decode(full.content, sha256=offer["sha256"], most=LIMITS.segment_plain_bytes)
    expect(len(decoded.rows) == offer["rows"], "the segment has another number of rows than offered")
    part = client.request(
        "GET", path, headers={"Range": "bytes=10-19", "If-Range": full.headers.get("etag", "")}
    )
    expect(part.status_code == 206 and part.content == full.content[10:20], "a range returned other bytes")
    other = client.request("GET", path, headers={"Range": "bytes=10-19", "If-Range": '"another"'})
    expect(
        other.status_code == 200 and other.content == full.content,
        "If-Range with another ETag returned a range",
    )
    fetched = {offer["sha256"]: full.content}
    for offer in offers:
        if offer["sha256"] not in fetched:
            fetched[offer["sha256"]] = client.request("GET", f"/v1/segments/{offer['sha256']}").content
        segment = decode(fetched[offer["sha256"]], sha256=offer["sha256"], most=LIMITS.segment_plain_bytes)
        replica.apply_segment(
            segment, offer["position"], [(key, json.loads(body)) for key, body in segment.rows]
        )
    replica.pages[-1]["cursor"] = replica.pages[-1]["then"]
    replica.pull(client, schema=SEGMENTS_SINCE)
    expect(replica.contents() == Replica().pull(client).contents(), "segments and rows give different replicas")


@undisturbed
def verify(client: Client) -> None:
    replica = Replica().pull(client)
    by_stream: dict[tuple[str, str], Replica] = {}
    for (collection, key), row in replica.rows.items():
        by_stream.setdefault((row[0], collection), Replica()).rows[collection, key] = row
    sums: list[Json] = [
        {"channel": channel, "collection": collection, **part.checksum()}
        for (channel, collection), part in sorted(by_stream.items())
    ]
    request = {"cursor": replica.cursor, "schema": SEGMENTS_SINCE, "sums": sums}
    equal = expect_json(client.request("POST", "/v1/verify", json=request), VerifyReplySchema)
    actions = [name for name in ("drop", "ranges", "repairs", "pull_first") if equal[name]]
    expect(not actions, f"an equal replica is answered with {', '.join(actions)}")
    if not sums:
        raise NotApplicable("the rep may read no records, so nothing can differ")
    largest = max(sums, key=lambda stream: stream["count"])
    largest["count"], largest["sum"] = largest["count"] - 1, "0" * 16
    differs = expect_json(client.request("POST", "/v1/verify", json=request), VerifyReplySchema)
    streams = [item for name in ("ranges", "repairs") for item in differs[name]]
    expect(streams or differs["drop"], "a replica that lacks a row is answered like an equal one")
    expect(
        all(
            (item["channel"], item["collection"]) == (largest["channel"], largest["collection"])
            for item in streams
        ),
        "streams are listed that do not differ",
    )
    epoch = base64.b64encode(b"x").decode()
    expect_problem(
        client.request("POST", "/v1/verify", json={**request, "cursor": epoch}), 400, "cursor_invalid"
    )


RULES = [
    Rule("pages", "Pages of any size give the same replica", PAGE, pages),
    Rule("check", "`check` of a complete page matches the rows received", PAGE, check),
    Rule("idle", "304 for the ETag of this cursor, and for no other", PAGE, idle),
    Rule("cursors", "An invalid cursor gets `cursor_invalid`", PAGE, bad_cursors),
    Rule("revisions", "Old apps get rows; newer apps are accepted", "docs/versioning.md", revisions),
    Rule(
        "segments",
        "Segments tile all keys, match their names, and give the same replica",
        SEGMENTS,
        segments,
    ),
    Rule("verify", "Equal streams get no repairs; differing ones are found", "docs/protocol.md#verify", verify),
]
