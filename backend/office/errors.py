"""The error of a refused office action."""

from collections.abc import Iterable

from sync_protocol.errors import ErrorCode, Fault


class ActionRefused(Exception):
    """The action cannot be carried out now; nothing was changed.

    *message* is a sentence without its full stop: why it was refused, and what to do instead. *faults* name the
    fields that are wrong.
    """

    def __init__(self, code: ErrorCode, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.faults = code, message, tuple(faults)
