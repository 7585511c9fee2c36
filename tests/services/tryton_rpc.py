"""The small JSON-RPC client with which tests act as the office, or check Tryton without the connector.

Not the connector: it knows nothing of retries, cursors or whether a call was executed.
"""

import base64
import datetime as dt
import json
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

from tests.services.tryton import TrytonServer


class TrytonRefused(Exception):
    """Tryton answered with an error. `kind` is its class ("UserError", …), `text` its first words."""

    def __init__(self, error: list[Any]) -> None:
        """`error` as in the answer: [class, [message, description, domain]], or [text, traceback]."""
        self.kind: str = error[0] if len(error) > 1 and isinstance(error[1], list) else "Bug"
        self.text: str = str(error[1][0] if self.kind != "Bug" else error[0])
        super().__init__(f"{self.kind}: {self.text}")


class TrytonSession:
    """Logged in as one user; `session("sale.sale", "quote", [1])` calls a method of a model."""

    def __init__(self, server: TrytonServer, user: str | None = None, password: str | None = None) -> None:
        """Log in, by default as the connector's user."""
        self._client = httpx.Client(base_url=server.rpc_url, timeout=300)
        # Basic on every call would cost a password check each (tens of milliseconds)
        user, password = user or server.user, password or server.password
        self.user_id, token, _ = self._post("common.db.login", user, {"password": password}, "en")
        credentials = _base64(f"{user}:{self.user_id}:{token}".encode())
        self._client.headers["Authorization"] = f"Session {credentials}"
        self.context = self._post("model.res.user.get_preferences", True, {})

    @classmethod
    def admin(cls, server: TrytonServer) -> Self:
        """Logged in as administrator."""
        return cls(server, server.admin_user, server.admin_password)

    def __call__(self, model: str, method: str, *arguments: Any) -> Any:
        """Call it in the user's context; raises `TrytonRefused` on Tryton's error, and httpx's errors."""
        return self._post(f"model.{model}.{method}", *arguments, self.context)

    def read_one(self, model: str, record: int, *names: str) -> dict[str, Any]:
        """Read these fields of one record."""
        (row,) = self(model, "read", [record], list(names))
        return row

    def _post(self, method: str, *parameters: Any) -> Any:
        body = {"id": 1, "method": method, "params": _encode(parameters)}
        answer = self._client.post("", json=body)
        answer.raise_for_status()
        reply = json.loads(answer.content, object_hook=_decode)
        if "error" in reply:
            raise TrytonRefused(reply["error"])
        return reply["result"]

    def close(self) -> None:
        """Close the connection; the session in Tryton's database expires later."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _encode(value: Any) -> Any:
    """Convert Python values to Tryton's JSON."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case dt.date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case bytes():
            return {"__class__": "bytes", "base64": _base64(value)}
        case dict():
            return {key: _encode(item) for key, item in value.items()}
        case list() | tuple():
            return [_encode(item) for item in value]
    return value


def _decode(value: dict[str, Any]) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return dt.date(value["year"], value["month"], value["day"])
    return value
