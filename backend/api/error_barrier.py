"""The outermost layer of the app: an error that Flask lets pass is answered with a problem too.

Flask's own error handler does not see errors of middleware and of teardown functions, such as the end of a
session whose connection is lost. A WSGI server would answer them with a page of HTML.
"""

import json
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from backend.api import problems, request_head, request_log
from backend.api.responses import HEADERS, SECURE
from sync_protocol.problem import MEDIA_TYPE, problem


class ErrorBarrier:
    """WSGI middleware around *app*, which answers every exception of *app* with a problem.

    A request whose head is not valid does not reach *app*.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def remember(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], NoReturn]:
            # A failing teardown function comes after this, and then another response must start.
            started.append((status, headers))
            return _refuse_write

        try:
            request_head.require_valid(environ)
            body = self.app(environ, remember)
        except Exception as error:
            return _respond(environ, start_response, error, began)
        start_response(*started[-1])
        return body


def _refuse_write(data: bytes) -> NoReturn:
    """The write function of PEP 3333, which frameworks of today do not call."""
    raise TypeError("the app returns its body, and does not write it")


def _respond(
    environ: WSGIEnvironment, start_response: StartResponse, error: Exception, began: float
) -> Iterable[bytes]:
    answer = problems.to_problem(error)
    request_id = request_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
    body = json.dumps(problem(answer.code, answer.detail, request_id=request_id), ensure_ascii=False).encode()
    headers = {
        **HEADERS,
        **answer.headers,
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        problems.CODE_HEADER: answer.code.code,
        request_log.REQUEST_ID: request_id,
        **(dict([SECURE]) if environ["wsgi.url_scheme"] == "https" else {}),
    }
    status = answer.code.status
    start_response(f"{status} {HTTPStatus(status).phrase.upper()}", list(headers.items()))
    request_log.log_request(
        began=began, method=environ["REQUEST_METHOD"], path=None, status=status, code=answer.code.code,
        principal=None, request_id=request_id,
    )  # fmt: skip
    return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)
