"""Large bodies: only a few at once are inflated, decoded and answered, because they take most memory.

A decoded body takes up to thirty times its bytes. A small one is decoded at any time. A large one waits for
its turn, briefly; then the server answers 503, and the phone keeps its documents and sends them again.
"""

from flask import g

from backend.api.problems import Problem
from backend.api.services import get_services
from backend.api.turns import Turns
from backend.api.work import Work, retry_seconds
from sync_protocol.errors import ErrorCode


def admit() -> None:
    """Take a turn for the current request, until its end; raises `Problem` (503) if none is free."""
    if "large_body" in g:
        return
    turns = get_services().large_bodies
    if not turns.take():
        detail = "The server is reading as many large bodies as it can; send this one again."
        headers = {"Retry-After": str(retry_seconds(Work.PUSH))}
        raise Problem(ErrorCode.UNAVAILABLE, detail, headers=headers)
    g.large_body = turns


def release(error: BaseException | None = None) -> None:
    """Give back the turn of the current request, which ends; *error* is what ended it, as Flask passes it."""
    turns: Turns | None = g.pop("large_body", None)
    if turns is not None:
        turns.give_back()
