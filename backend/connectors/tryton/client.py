"""JSON-RPC with a session: login, context, one call and its result.

Source: trytond 8.0, protocols/jsonrpc.py and protocols/dispatcher.py.
"""

import base64
import datetime as dt
import itertools
import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from backend.connectors.tryton import http
from backend.connectors.tryton.deadline import Transport
from backend.connectors.tryton.errors import InvalidReply, http_refusal, refusal
from backend.connectors.tryton.options import Options
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.values import NotTrytonJson, dumps, loads
from backend.erp.errors import ErpError, ErrorClass

LANGUAGE = "en"

Domain = list[Any]
"""A search domain of Tryton: clauses such as `["code", "=", "EUR"]`, which must all hold.

If its first element is "OR", one of them must hold.
"""

Context = Mapping[str, Any]
"""Values of Tryton's context that a call adds to the user's own, such as `{"active_test": False}`."""


class _Session(NamedTuple):
    header: str
    context: dict[str, Any]


class Client:
    """Calls of one user in one database. Thread-safe."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._base = options.url
        self._url = f"{options.url}/{options.database}/rpc/"
        self._http = httpx.Client(transport=Transport(_trusted(options)), trust_env=False)
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._session: _Session | None = None
        self.server_time: dt.datetime | None = None
        """The server's clock in its last reply."""

    def close(self) -> None:
        """Close connections. The session stays valid in Tryton until it expires."""
        self._http.close()

    def version(self) -> str:
        """Return the series of the server, such as "8.0"; needs no login."""
        version = self._exchange(f"{self._base}/rpc/", "common.server.version", [], {}, writes=False)
        if not isinstance(version, str):
            raise _invalid_reply("common.server.version", writes=False)
        return version

    def call(self, method: str, *params: Any, writes: bool = False, context: Context | None = None) -> Any:
        """Call *method* with *params* and the user's context plus *context*; returns its result.

        With *writes*, a lost reply counts as UNKNOWN. Raises `ErpError` and nothing else.
        """
        session = self._logged_in(None)
        try:
            return self._with(session, method, params, writes, context)
        except _Expired:
            # Tryton checks the session before it executes anything, so the call may be repeated.
            return self._with(self._logged_in(session), method, params, writes, context)

    @property
    def context(self) -> Context:
        """The user's context in Tryton (`company`, `language`, …); logs in if necessary."""
        return dict(self._logged_in(None).context)

    def _with(
        self,
        session: _Session,
        method: str,
        params: Sequence[Any],
        writes: bool,
        context: Context | None,
    ) -> Any:
        arguments = [*params, {**session.context, **(context or {})}]
        return self._exchange(self._url, method, arguments, {"Authorization": session.header}, writes=writes)

    def _logged_in(self, expired: _Session | None) -> _Session:
        with self._lock:
            if self._session is None or self._session is expired:
                self._session = None
                self._session = self._login()
            return self._session

    def _login(self) -> _Session:
        options = self._options
        login = [options.user, {"password": options.password}, LANGUAGE]
        reply = self._exchange(self._url, "common.db.login", login, {}, writes=False)
        if not (isinstance(reply, list) and len(reply) >= 2 and _is_id(reply[0]) and isinstance(reply[1], str)):
            raise _invalid_reply("common.db.login", writes=False)
        token = f"{options.user}:{reply[0]}:{reply[1]}".encode()
        header = "Session " + base64.b64encode(token).decode("ascii")
        preferences = self._exchange(
            self._url, "model.res.user.get_preferences", [True, {}], {"Authorization": header}, writes=False
        )
        if not isinstance(preferences, dict):
            raise _invalid_reply("get_preferences", writes=False)
        context = {name: value for name, value in preferences.items() if "." not in name and name != "locale"}
        context |= {"language": LANGUAGE, "company": options.company or preferences.get("company")}
        if not _is_id(context["company"]):
            raise ErpError(
                ErrorClass.CONFIG,
                f"Set a company for the user {options.user} in Tryton, or set SATCHEL_ERP_COMPANY.",
            )
        return _Session(header, context)

    def _exchange(
        self, url: str, method: str, params: list[Any], headers: dict[str, str], *, writes: bool
    ) -> Any:
        number = next(self._ids)
        try:
            body = dumps({"id": number, "method": method, "params": params})
        except (TypeError, ValueError) as error:
            raise ErpError(
                ErrorClass.REJECT_OFFICE,
                "The document contains a value that cannot be sent to Tryton.",
                raw=str(error),
            ) from error
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            # Tryton compresses long replies whatever the client accepts, so accept it.
            "Accept-Encoding": "gzip",
            **headers,
        }
        answer = http.post(self._http, url, body, headers, writes=writes, seconds=self._options.timeout_seconds)
        self.server_time = http.server_time(answer.headers) or self.server_time
        if answer.status == 401:
            raise _Expired
        if answer.status != 200:
            raise http_refusal(answer.status, http.retry_after(answer.headers), answer.body, writes=writes)
        return _result(answer.body, number, method, writes=writes)

    # Calls on models. They check the form of the result.

    def search_read(
        self,
        model: str,
        domain: Domain,
        fields: Iterable[str],
        *,
        limit: int | None = None,
        order: Sequence[tuple[str, str]] = (("id", "ASC"),),
        context: Context | None = None,
    ) -> list[Row]:
        """Return the fields of the records that match. Deactivated ones only if the domain names `active`."""
        method = f"model.{model}.search_read"
        rows = self.call(method, domain, 0, limit, [list(o) for o in order], list(fields), context=context)
        return _rows(rows, method)

    def search(self, model: str, domain: Domain, *, limit: int | None = None) -> list[int]:
        """Return the ids of the records that match, in their order."""
        method = f"model.{model}.search"
        ids = self.call(method, domain, 0, limit, [["id", "ASC"]])
        return _ids(ids, method, writes=False)

    def count(self, model: str, domain: Domain) -> int:
        """Return how many records match."""
        method = f"model.{model}.search_count"
        number = self.call(method, domain)
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise _invalid_reply(method, writes=False)
        return number

    def read(
        self, model: str, ids: Iterable[int], fields: Iterable[str], *, context: Context | None = None
    ) -> list[Row]:
        """Return the fields of the records *ids*. Raises `TrytonRefusal` for a record that does not exist."""
        method = f"model.{model}.read"
        ids = list(ids)
        rows = _rows(self.call(method, ids, list(fields), context=context), method) if ids else []
        if {row["id"] for row in rows} != set(ids):
            raise _invalid_reply(method, writes=False)
        return rows

    def create(self, model: str, values: Row) -> int:
        """Create one record and return its id."""
        method = f"model.{model}.create"
        created = _ids(self.call(method, [values], writes=True), method, writes=True)
        if len(created) != 1:
            raise _invalid_reply(method, writes=True)
        return created[0]

    def write(self, model: str, ids: list[int], values: Row) -> None:
        """Change the records *ids*."""
        self.call(f"model.{model}.write", ids, values, writes=True)

    def click_button(self, model: str, button: str, record: int) -> None:
        """Click *button* of a record, as a user would."""
        self.call(f"model.{model}.{button}", [record], writes=True)


def _trusted(options: Options) -> ssl.SSLContext | bool:
    if not options.url.startswith("https:"):
        return False
    try:
        return ssl.create_default_context(cafile=options.ca_file or None)
    except ssl.SSLError as error:
        raise ValueError(f"SATCHEL_ERP_CA_FILE contains no certificates ({error})") from error


class _Expired(ErpError):
    """HTTP 401: the session has expired, or user or password are wrong."""

    def __init__(self) -> None:
        super().__init__(ErrorClass.CONFIG, "Tryton refuses Satchel's user or password.", raw="HTTP 401")


def _result(body: bytes, number: int, method: str, *, writes: bool) -> Any:
    try:
        reply = loads(body)
    except NotTrytonJson as error:
        raise _invalid_reply(method, str(error), writes=writes, no_answer=True) from error
    if not isinstance(reply, dict) or reply.get("id") != number or isinstance(reply.get("id"), bool):
        raise _invalid_reply(method, "it does not answer this call", writes=writes, no_answer=True)
    if set(reply) == {"id", "result"}:
        return reply["result"]
    refused = refusal(reply["error"]) if set(reply) == {"id", "error"} else None
    if refused is None:
        raise _invalid_reply(method, "it is neither a result nor an error", writes=writes, no_answer=True)
    raise refused


def _rows(result: Any, method: str) -> list[Row]:
    if not isinstance(result, list) or not all(
        isinstance(row, dict) and _is_id(row.get("id")) for row in result
    ):
        raise _invalid_reply(method, "it is not a list of records", writes=False)
    return result


def _ids(result: Any, method: str, *, writes: bool) -> list[int]:
    if not isinstance(result, list) or not all(_is_id(item) for item in result):
        raise _invalid_reply(method, "it is not a list of ids", writes=writes)
    return result


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def _invalid_reply(
    method: str, reason: str = "it has another form", *, writes: bool, no_answer: bool = False
) -> ErpError:
    lost = ErrorClass.UNKNOWN if writes else ErrorClass.TRANSIENT
    raw = f"{method}: {reason}"
    return InvalidReply(lost, "Tryton's reply has an unexpected form.", raw=raw, no_answer=no_answer)
