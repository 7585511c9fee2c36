"""The precondition of the rules since revision 2 (segments, checksums, rebase).

Separate, because three files of rules need it.
"""

from sync_protocol.conformance.device_fixture import DeviceFixture
from sync_protocol.conformance.rule import NotApplicable
from sync_protocol.pull import SEGMENTS_SINCE


def ready(fixture: DeviceFixture) -> None:
    """Prepare the device; raise `NotApplicable` unless it supports revision 2."""
    fixture.ready()
    revisions = [request.query.get("schema") for request in fixture.server.requests("/v1/pull")]
    if not revisions or not str(revisions[-1]).isdigit() or int(str(revisions[-1])) < SEGMENTS_SINCE:
        raise NotApplicable(f"the device supports revision {revisions[-1] if revisions else 1}")
