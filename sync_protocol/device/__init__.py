"""The reference device: a replica in SQLite, an outbox that loses nothing, and the loop that syncs them.

`Device(folder)` is the way in. A phone app mirrors these files; `docs/device.md` is the contract they
follow, for somebody who writes one in another language.
"""
