"""The wire: what a device and the server say to each other, and nothing about how either works.

Pure: outside `device/` it imports marshmallow and nothing else. No Flask, no database, no clock.
"""

SCHEMA_REVISION = 2
"""The newest revision of catalogue and wire. A device names the revision it was built for in each request.

Revision 2 brought segments, checksums with repair, the rebase after an epoch change, withdrawals and change
requests.
"""

WIRE_VERSION = "v1"
