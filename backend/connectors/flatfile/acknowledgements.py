"""The folder of acknowledgements: valid ones are passed on, others are moved to rejected/ with the reason."""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path

from backend.connectors.flatfile.acknowledgement_file import (
    AckFault,
    AckUnfinished,
    Answer,
    archived_acks,
    read_answer,
)
from backend.connectors.flatfile.exchange import archive, reachable
from backend.connectors.flatfile.layout import ACK, DOCUMENT, FORECAST, MANIFEST, Layout
from backend.connectors.flatfile.options import Options
from backend.erp.records import Acknowledgement
from backend.files import rename_synced, write_atomically
from sync_protocol.submission import State

LOG = logging.getLogger(__name__)
NAMED = re.compile(re.escape(ACK) + r"(?P<stem>.+?)(\.csv|\.manifest\.json)")
REASON = ".reason.txt"


class Mailbox:
    """Reads and clears the folder acks/."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options

    def acknowledgements(self) -> Iterator[Acknowledgement]:
        """Yield the valid acknowledgements, in the order of their keys.

        One that is invalid, or unfinished for longer than `unfinished_seconds`, is moved to rejected/ with the
        reason beside it; its document continues to wait. Acknowledgements of forecasts are settled here,
        because no submission waits for them.
        """
        with reachable(self._layout):
            names = sorted(path.name for path in self._layout.acks.iterdir() if path.is_file())
            for stem in sorted({self._stem_of(name) for name in names} - {""}):
                answer = self._answer(stem)
                if answer is None:
                    continue
                document = DOCUMENT.fullmatch(stem)
                if document:
                    token = f"{stem}:{answer.sha256[:16]}"
                    yield Acknowledgement(document["kind"].lower(), document["key"], answer.outcome, token)
                else:
                    self._settle_forecast(stem, answer)

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
        path = self._layout.acks / name
        settled = name.endswith(".tmp") or name.startswith(".")
        if not settled and _age(path) > min(60.0, self._options.unfinished_seconds):
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
            f"the ERP answers {answer.word} to this forecast: {answer.outcome.reason}. The next change of "
            "the forecast is handed over again",
        )

    def _archive(self, stem: str, answer: Answer) -> None:
        """Move the document first: an acknowledgement alone is read again, a document would be sent again."""
        folder = self._layout.archived(stem)
        archive(self._layout, stem, folder)
        path = self._layout.acks / f"{ACK}{stem}.csv"
        before = archived_acks(self._layout, stem)
        name = path.name if not before else f"{ACK}{stem}.{len(before) + 1}.csv"
        rename_synced(path, folder / name, missing_ok=True)
        (self._layout.acks / f"{ACK}{stem}{MANIFEST}").unlink(missing_ok=True)

    def _reject(self, stem: str, reason: str) -> None:
        paths = [self._layout.acks / f"{ACK}{stem}{ending}" for ending in (".csv", MANIFEST)]
        self._set_aside([path for path in paths if path.exists()], reason)

    def _set_aside(self, paths: list[Path], reason: str) -> None:
        for path in paths:
            target = self._layout.rejected / path.name
            count = 1
            while target.exists():
                count += 1
                target = self._layout.rejected / f"{path.name}.{count}"
            LOG.warning("acknowledgement rejected: %s: %s", path.name, reason)
            write_atomically(target.with_name(target.name + REASON), [f"{reason}\n".encode()])
            rename_synced(path, target, missing_ok=True)

    def _age(self, stem: str) -> float:
        """Return for how many seconds the acknowledgement has not changed."""
        paths = [self._layout.acks / f"{ACK}{stem}{ending}" for ending in (".csv", MANIFEST)]
        return min((_age(path) for path in paths if path.exists()), default=0.0)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
