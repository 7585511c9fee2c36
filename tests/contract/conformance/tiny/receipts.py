"""How the tiny device uploads receipts (tus 1.0.0)."""

import base64
from urllib.parse import urlsplit

from tests.contract.conformance.tiny.http import Requests
from tests.contract.conformance.tiny.state import Json, Trouble

TUS = {"Tus-Resumable": "1.0.0"}


class Receipts(Requests):
    """Uploads one receipt after another."""

    def upload(self) -> None:
        for sha256, receipt in self.state["receipts"].items():
            if receipt["done"]:
                continue
            data = base64.b64decode(receipt["base64"])
            try:
                place, offset = self._begin(sha256, receipt, len(data))
            except Trouble as trouble:
                is_final = trouble.status == 415 and not self.breaks("receipt-refused")
                if not is_final and not (trouble.status == 429 and self.breaks("receipt-quota")):
                    raise
                receipt["done"] = True
                self.save()
                continue
            size = len(data)
            while offset < len(data):
                try:
                    offset = self._piece(place, offset, data[offset : offset + size])
                except Trouble as trouble:
                    if trouble.status == 413 and size > 1 and not self.breaks("receipt-pieces"):
                        size //= 2
                        continue
                    if trouble.status == 460 and not self.breaks("receipt-damaged"):
                        receipt["place"] = None
                        self.save()
                    raise
            receipt["done"] = True
            self.save()

    def _piece(self, place: str, offset: int, data: bytes) -> int:
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        _, named, _ = self.authorized("PATCH", place, data, headers=headers)
        return int(named["upload-offset"])

    def _begin(self, sha256: str, receipt: Json, length: int) -> tuple[str, int]:
        if receipt["place"] is not None and not self.breaks("receipt"):
            try:
                _, headers, _ = self.authorized("HEAD", receipt["place"], headers=TUS)
                return receipt["place"], int(headers["upload-offset"])
            except Trouble as trouble:
                is_gone = trouble.status == 404 and not self.breaks("receipt-expired", "receipt-damaged")
                if not is_gone:
                    raise
        metadata = f"sha256 {base64.b64encode(sha256.encode()).decode()}"
        named = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata}
        _, headers, _ = self.authorized("POST", "/v1/receipts", headers=named)
        location = headers["location"]
        receipt["place"] = location if self.breaks("receipt-location") else urlsplit(location).path
        self.save()
        return receipt["place"], int(headers["upload-offset"])
