"""PDFs: read by qpdf (pikepdf), refused if they are encrypted or active, and copied page by page.

The copy is a new PDF. Only what a page needs to be seen is taken over, so links, forms, attachments, scripts
and metadata cannot come along. What forms and notes show is drawn into the page first.
"""

import io
import warnings
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Pdf, Stream

from backend.receipts.checking import pdf_streams
from backend.receipts.checking.images import Refused
from backend.receipts.checking.refusals import Refusal

MAX_PAGES = 200
_PAGE_KEYS = ("/MediaBox", "/CropBox", "/Rotate", "/Resources", "/Contents", "/Group", "/UserUnit")
_INHERITED = ("/MediaBox", "/CropBox", "/Rotate", "/Resources")
_ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/XFA", "/RichMediaContent"})
_ACTIVE_ACTIONS = frozenset({"/JavaScript", "/Launch", "/Rendition", "/ImportData", "/SubmitForm", "/GoToE"})
_ACTIVE_NOTES = frozenset({"/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})
_DROPPED_KEYS = ("/Metadata", "/PieceInfo", "/AF", "/AA", "/A", "/LastModified", "/OPI", "/Ref")


def prepare() -> None:
    """Load everything that `read` needs: later no file can be opened."""
    sample = Pdf.new()
    sample.add_blank_page()
    target = io.BytesIO()
    sample.save(target)
    read(target.getvalue())


def read(data: bytes) -> tuple[str, bytes]:
    """Return (media type, bytes) of a copy of the PDF *data*; raises `Refused`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "application/pdf", _copy(data)
    except pikepdf.PasswordError:
        raise Refused(Refusal.ENCRYPTED) from None
    except MemoryError:
        raise Refused(Refusal.TOO_COSTLY) from None
    except (
        pikepdf.PdfError,
        pikepdf.DataDecodingError,
        ValueError,
        TypeError,
        KeyError,
        RuntimeError,
    ) as error:
        raise Refused(Refusal.DAMAGED) from error


def _copy(data: bytes) -> bytes:
    with Pdf.open(io.BytesIO(data), suppress_warnings=True) as source, Pdf.new() as target:
        if source.is_encrypted:
            raise Refused(Refusal.ENCRYPTED)
        decoded = pdf_streams.Decoded()
        for item in source.objects:
            if _is_active(item):
                raise Refused(Refusal.ACTIVE)
            if isinstance(item, Stream):
                decoded.add(item)
        if not source.pages:
            raise Refused(Refusal.EMPTY)
        if len(source.pages) > MAX_PAGES:
            raise Refused(Refusal.TOO_LARGE)
        source.generate_appearance_streams()
        source.flatten_annotations("all")
        for page in source.pages:
            # A picture inside the text of a page has metadata as any other.
            page.externalize_inline_images()
            _strip_page(page.obj)
            pdf_streams.require_size(page.obj)
            target.pages.append(page)
        for item in target.objects:
            _strip(item)
        for key in ("/Info", "/ID"):
            if key in target.trailer:
                del target.trailer[key]
        written = io.BytesIO()
        target.save(written, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        return written.getvalue()


def _is_active(item: Any) -> bool:
    """Say whether *item*, or what is written directly inside it, is a script, an action or a medium."""
    pending = [item]
    while pending:
        each = pending.pop()
        if isinstance(each, Dictionary | Stream):
            if _ACTIVE_KEYS.intersection(each.keys()):
                return True
            if str(each.get("/S")) in _ACTIVE_ACTIONS or str(each.get("/Subtype")) in _ACTIVE_NOTES:
                return True
            values = [value for _, value in each.items()]
        elif isinstance(each, Array):
            values = list(each)
        else:
            continue
        # Indirect objects have their own turn, so that nothing is visited twice and no ring is followed.
        pending.extend(v for v in values if isinstance(v, Dictionary | Array) and not v.is_indirect)
    return False


def _strip_page(page: Dictionary) -> None:
    for key in _INHERITED:
        if key not in page and (value := _inherited(page, key)) is not None:
            page[key] = value
    for key in list(page.keys()):
        if key not in (*_PAGE_KEYS, "/Type", "/Parent"):
            del page[key]


def _inherited(page: Dictionary, key: str) -> Any:
    above, steps = page.get("/Parent"), 0
    while isinstance(above, Dictionary) and steps < 50:
        if key in above:
            return above[key]
        above, steps = above.get("/Parent"), steps + 1
    return None


def _strip(item: Any) -> None:
    """Take metadata out of *item*, and out of the photograph that it holds."""
    pending = [item]
    while pending:
        each = pending.pop()
        if isinstance(each, Dictionary | Stream):
            for key in _DROPPED_KEYS:
                # The optional content of a page has a key /A of its own kind only in actions.
                if key in each:
                    del each[key]
            values = [value for _, value in each.items()]
        elif isinstance(each, Array):
            values = list(each)
        else:
            continue
        pending.extend(v for v in values if isinstance(v, Dictionary | Array) and not v.is_indirect)
    if isinstance(item, Stream):
        pdf_streams.clean_picture(item)
