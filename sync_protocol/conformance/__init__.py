"""The conformance kit: report which rules of the protocol a device or a server breaks.

It knows only the wire: it imports neither `sync_protocol.device` nor the backend. docs/conformance.md has the
rules, and the line protocol by which a device is driven.
"""
