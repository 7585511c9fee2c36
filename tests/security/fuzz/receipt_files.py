"""Targets: pictures and PDFs sent as receipts, and the report of the process that decodes them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis import strategies as st

from backend.receipts.checking import images, pdf
from backend.receipts.checking.images import Refused
from backend.receipts.checking.process import CheckFailed, _result_of
from sync_protocol.receipt_types import media_type
from tests.security.fuzz.inputs import json_bytes, mutated_bytes
from tests.security.fuzz.target import Check, Target, accepts, pure
from tests.unit.receipts import pictures

PIXELS = 1_000_000
"""The cap of this search: in the product the confined process has memory for 64 times as many."""
SOUND = (
    pictures.photograph(), pictures.photograph(form="PNG"), pictures.photograph(form="WEBP"),
    pictures.with_metadata(), pictures.frames("PNG"), pictures.pdf(), pictures.png(8, 8, b"\0\0" * 8),
)  # fmt: skip
REPORTS = (
    {"result": "checked", "media_type": "image/jpeg", "walls": ["seccomp"]},
    {"result": "refused", "refusal": "damaged", "walls": []},
)


@contextmanager
def _decoders() -> Iterator[Check]:
    for kind in ("image/jpeg", "image/png", "image/webp"):
        images.prepare(kind)
    pdf.prepare()
    with patch.object(images, "MAX_PIXELS", PIXELS):
        yield check_file


def check_file(data: bytes) -> bool:
    """Decode *data* by the type of its first bytes, as the confined process does, without its walls."""
    kind = media_type(data)
    if kind is None or kind == "image/heic":
        return False
    try:
        written, copy = pdf.read(data) if kind == "application/pdf" else images.read(data, kind)
    except Refused:
        return False
    assert media_type(copy) == written
    return True


def check_report(drawn: tuple[int, bytes]) -> bool:
    code, report = drawn
    return accepts(CheckFailed, _result_of, code, report)


TARGETS = (
    Target("receipts", mutated_bytes(*SOUND) | st.sampled_from(SOUND), _decoders, share=0.6),
    pure(
        "receipt-reports",
        st.tuples(st.sampled_from((0, 0, 0, 1, -9)), json_bytes(*REPORTS)
                  | st.sampled_from([json.dumps(report).encode() for report in REPORTS])),
        check_report,
    ),
)  # fmt: skip
