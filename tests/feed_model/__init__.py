"""A model of the feed in plain dictionaries: what a server must answer, written from docs/protocol.md.

It is the one oracle of the tests. The device's unit tests play against it (`tests/unit/device/feed.py`), and so
does the search for histories (`tests/stateful/search/model.py`).

It is independent of the backend on purpose. The backend reads its pages with SQL from an indexed table.
If the model called the backend, an error in that SQL would be in both, and no test would find it.
So it shares only the formats of `sync_protocol` (cursor, checksum, segment), which have their own test vectors.
It keeps every row in memory and reads all of them each time: it must be obviously right, not fast.
"""
