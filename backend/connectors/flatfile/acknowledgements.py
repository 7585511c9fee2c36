"""The folder of acknowledgements: valid ones are passed on, others are moved to rejected/ with the reason."""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from backend.clock import AHEAD
from backend.connectors.flatfile.acknowledgement_file import (
    AckFault,
    AckUnfinished,
    Answer,
    archived_acks,
    read_answer,
)
from backend.connectors.flatfile.errors import file_fault, is_of_one_file
from backend.connectors.flatfile.exchange import archive, reachable
from backend.connectors.flatfile.layout import ACK, DOCUMENT, FORECAST, MANIFEST, Layout, bounded_name
from backend.connectors.flatfile.options import Options
from backend.erp.errors import ErpError
from backend.erp.records import Acknowledgement
from backend.erp.sanitize import sanitized
from backend.files import mode_in, rename_synced, write_atomically
from sync_protocol.external_name import file_in
from sync_protocol.submission import State

LOG = logging.getLogger(__name__)
NAMED = re.compile(re.escape(ACK) + r"(?P<stem>.+?)(\.csv|\.manifest\.json)")
REASON = ".reason.txt"
T = TypeVar("T")


class Mailbox:
    """Reads and clears the folder acks/."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options
        self._logged: set[str] = set()
        self._first_seen: dict[str, float] = {}

    def acknowledgements(self) -> Iterator[Acknowledgement]:
        """Yield the valid acknowledgements, in the order of their keys.

        One that is invalid, or unfinished for longer than `unfinished_seconds`, is moved to rejected/ with the
        reason beside it; its document continues to wait. One that cannot be used now is left where it is, and
        `check` names it. Acknowledgements of forecasts are settled here, because no submission waits for them.
        """
        with reachable(self._layout):
            names = sorted(path.name for path in self._layout.acks.iterdir() if not path.is_dir())
            for stem in sorted({self._isolated(name, self._stem_of) or "" for name in names} - {""}):
                acknowledgement = self._isolated(stem, self._acknowledgement)
                if acknowledgement is not None:
                    yield acknowledgement

    def _isolated(self, name: str, job: Callable[[str], T]) -> T | None:
        """Return the result of *job*; None if it fails because of the file *name*, which is logged once."""
        try:
            return job(name)
        except ErpError as error:
            reason = error.message
        except OSError as error:
            if not is_of_one_file(error):
                raise
            reason = file_fault(error).message
        except Exception as error:
            # Whatever is wrong with this one, the others must not wait for it.
            reason = f"{type(error).__name__} {error}"
        if name not in self._logged:
            self._logged.add(name)
            LOG.warning("acknowledgement %s is left where it is: %s", sanitized(name), reason)
        return None

    def _acknowledgement(self, stem: str) -> Acknowledgement | None:
        answer = self._answer(stem)
        if answer is None:
            return None
        document = DOCUMENT.fullmatch(stem)
        if document is None:
            self._settle_forecast(stem, answer)
            return None
        token = f"{stem}:{answer.sha256[:16]}"
        return Acknowledgement(document["kind"].lower(), document["key"], answer.outcome, token)

    def confirm(self, token: str) -> None:
        """Move the document and its acknowledgement to the archive, unless a newer one has arrived."""
        stem, _, sha256 = token.partition(":")
        with reachable(self._layout):
            try:
                answer = read_answer(self._layout, self._options, stem)
            except (AckFault, AckUnfinished, FileNotFoundError):
                return
            if answer.sha256.startswith(sha256):
                self._archive(stem, answer)

    def _answer(self, stem: str) -> Answer | None:
        try:
            return read_answer(self._layout, self._options, stem)
        except AckFault as fault:
            self._reject(stem, str(fault))
        except (AckUnfinished, FileNotFoundError) as fault:
            if self._age(stem) > self._options.unfinished_seconds:
                what = (
                    str(fault) if isinstance(fault, AckUnfinished) else "there is a manifest without its file"
                )
                self._reject(stem, f"{what}, and it was not finished in time")
        return None

    def _stem_of(self, name: str) -> str:
        """Return which document *name* answers, or "". Another file is moved to rejected/."""
        match = NAMED.fullmatch(name)
        if match and (DOCUMENT.fullmatch(match["stem"]) or FORECAST.fullmatch(match["stem"])):
            return match["stem"]
        path = self._layout.acks / name  # a name from the listing of this folder; only renamed
        settled = name.endswith(".tmp") or name.startswith(".")
        if not settled and self._age_of(path) > min(60.0, self._options.unfinished_seconds):
            self._set_aside(
                [path], "its name is not ACK_ and the name of a document; see the layout in the docs"
            )
        return ""

    def _settle_forecast(self, stem: str, answer: Answer) -> None:
        if answer.outcome.state is State.ACCEPTED:
            self._archive(stem, answer)
            return
        archive(self._layout, stem, self._layout.rejected)
        self._reject(
            stem,
            f"the ERP answers {answer.status} to this forecast: {answer.outcome.reason}. The next change of "
            "the forecast is handed over again",
        )

    def _archive(self, stem: str, answer: Answer) -> None:
        """Move the document first: an acknowledgement alone is read again, a document would be sent again."""
        folder = self._layout.archived(stem)
        archive(self._layout, stem, folder)
        path = file_in(self._layout.acks, f"{ACK}{stem}.csv")
        before = archived_acks(self._layout, stem)
        name = path.name if not before else f"{ACK}{stem}.{len(before) + 1}.csv"
        rename_synced(path, file_in(folder, name), missing_ok=True)
        file_in(self._layout.acks, f"{ACK}{stem}{MANIFEST}").unlink(missing_ok=True)

    def _reject(self, stem: str, reason: str) -> None:
        paths = [file_in(self._layout.acks, f"{ACK}{stem}{ending}") for ending in (".csv", MANIFEST)]
        self._set_aside([path for path in paths if os.path.lexists(path)], reason)

    def _set_aside(self, paths: list[Path], reason: str) -> None:
        for path in paths:
            name = bounded_name(path.name)
            target = _free_name(self._layout.rejected, name)
            LOG.warning("acknowledgement rejected: %s: %s", sanitized(path.name), sanitized(reason))
            text = f"{sanitized(reason)}\n".encode()
            write_atomically(target.with_name(target.name + REASON), [text], mode=mode_in(target.parent))
            rename_synced(path, target, missing_ok=True)

    def _age(self, stem: str) -> float:
        """Return for how many seconds the acknowledgement has not changed."""
        paths = [file_in(self._layout.acks, f"{ACK}{stem}{ending}") for ending in (".csv", MANIFEST)]
        return min((self._age_of(path) for path in paths if path.exists()), default=0.0)

    def _age_of(self, path: Path) -> float:
        """Return for how many seconds *path* has not changed.

        The share's clock may be wrong. A file of tomorrow is as old as this process has known it.
        """
        try:
            age = time.time() - path.lstat().st_mtime
        except FileNotFoundError:
            return 0.0
        if age > -AHEAD.total_seconds():
            return age
        return time.monotonic() - self._first_seen.setdefault(path.name, time.monotonic())


def _free_name(folder: Path, name: str) -> Path:
    """Return *name* in *folder*, or with a number behind it, where no file is yet.

    The numbers are doubled until one is free and then halved: the same file may be rejected thousands of times.
    """

    def numbered(number: int) -> Path:
        return file_in(folder, f"{name}.{number}")

    if not os.path.lexists(file_in(folder, name)):
        return file_in(folder, name)
    taken, free = 1, 2
    while os.path.lexists(numbered(free)):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        if os.path.lexists(numbered(middle)):
            taken = middle
        else:
            free = middle
    return numbered(free)
