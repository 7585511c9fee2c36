"""The wire between device and server, the reference device, and the conformance kit.

- The modules here and `catalogue/` declare requests, replies, records and documents, and validate them. They
are
  pure: they import marshmallow and orjson, and nothing else. No Flask, no database, no clock.
- `reference/` renders these declarations as Markdown and JSON Schema.
- `device/` is the reference device (SQLite, httpx). It is about half of the lines here.
- `conformance/` tests any device or server against the protocol.

Nothing here imports `backend`.
"""

SCHEMA_REVISION = 2
"""The newest revision of catalogue and wire. A device sends the revision it was built for in each request.

Revision 2 added segments, checksums with repair, the rebase after an epoch change, withdrawals and change
requests.
"""

WIRE_VERSION = "v1"
