"""The conformance kit: says of any device, and of any server, which rule of the protocol it breaks.

It knows the wire and nothing of our own ends: it imports neither `sync_protocol.device` nor the backend.
docs/conformance.md has the rules and the line protocol that a device is driven by.
"""
