"""The reference device: a replica in SQLite, an outbox that loses nothing, and the loop that syncs them.

Start with `Device(folder)` in `device.py`. A phone app mirrors these files; `docs/device.md` is the contract
that they follow, for an implementation in another language.

Packages, each imports only those below it:

    device, driver                 the whole device; the conformance kit's driver
    sync | session | capture       the sync loop | enrolment, tokens, HTTP | forms, documents, views
    connection                     what sync needs from session
    store                          SQLite: replica, outbox, offers, receipts
    page                           a page of the feed, checked
    errors, failpoint
"""

APP_VERSION = "reference 0.1.0"
"""Sent at enrolment and with each verification; the office sees it."""
