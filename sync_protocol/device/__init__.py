"""The reference device: a replica in SQLite, an outbox that loses nothing, and the loop that syncs them.

`Device(folder)` is the way in. A phone app mirrors these files; `docs/device.md` is the contract they
follow, for somebody who writes one in another language.
"""

APP_VERSION = "reference 0.1.0"
"""What the office is told of the app, when it is enrolled and with each mismatch."""
