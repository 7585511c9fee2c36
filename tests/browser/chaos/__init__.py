"""The phone app under faults: the real app in Chromium, a real server, and a ledger outside of both."""
