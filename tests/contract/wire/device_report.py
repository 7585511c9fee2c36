"""The report of the golden example: one document that is not sent, and one sync that broke off."""

REPORT = {
    "app_version": "1.0",
    "platform": "Android 16, Chrome 150",
    "unsent": [
        {
            "id": "01KBR9Z8Q5T0000000000000AA", "kind": "order", "captured_at": "2026-11-23T08:43:13Z",
            "problem": None,
        }
    ],
    "unsent_total": 1,
    "syncs": [
        {
            "began_at": "2026-11-23T08:40:00.125Z", "milliseconds": 2150, "sent": 812, "received": 20480,
            "rows": 17, "complete": False, "problem": "unavailable",
        }
    ],
}  # fmt: skip
