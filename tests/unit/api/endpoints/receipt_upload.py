"""A photograph, a claim that needs it, and the requests of tus that upload it."""

import base64
import hashlib
from typing import Any

from tests.unit.api.installation import Phone
from tests.unit.receipts.pictures import photograph
from tests.unit.sync.company import submission

JPEG = photograph() + bytes(range(256)) * 40
"""With bytes after its end, as many phones append."""


DIGEST = hashlib.sha256(JPEG).hexdigest()


HALF = len(JPEG) // 2


CLAIM = "01KBR9Z8Q5T0000000000000AC"


def b64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def tus(phone: Phone, method: str, path: str = "/v1/receipts", data: bytes = b"", **headers: Any) -> Any:
    sent = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): str(value) for name, value in headers.items()}}
    return phone.ask(method, path, data=data, headers={k: v for k, v in sent.items() if v != ""})


def create(phone: Phone, data: bytes = JPEG, first_bytes: bytes = b"", **headers: Any) -> Any:
    metadata = f"sha256 {b64(hashlib.sha256(data).hexdigest())},filename {b64('lunch.jpg')}"
    return tus(
        phone, "POST", data=first_bytes, **{"Upload_Length": len(data), "Upload_Metadata": metadata, **headers}
    )


def patch(phone: Phone, path: str, offset: Any, data: bytes, **headers: Any) -> Any:
    defaults = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": offset}
    return tus(phone, "PATCH", path, data, **{**defaults, **headers})


def claim(data: bytes = JPEG) -> dict[str, Any]:
    ref = f"sha256:{hashlib.sha256(data).hexdigest()}"
    body = {
        "purpose": "Lunch with Ana",
        "customer_id": "C1",
        "currency": "EUR",
        "lines": [
            {
                "line_no": 1,
                "date": "2026-11-20",
                "category_id": "meals",
                "description": "Lunch",
                "amount": "42.00",
                "receipts": [ref],
            }
        ],
    }
    return submission(CLAIM, body, "expense_claim", needs=[ref])
