"""Rate limits: how often an address may fail, and how often a device and a rep may ask.

`local_counts` counts in this process, `counts` also in Redis, `address` names what one network is, and `limits`
has the limits. `backend/api/rate_guard.py` applies them to a request.
"""
