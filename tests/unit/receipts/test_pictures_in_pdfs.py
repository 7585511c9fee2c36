"""Pictures inside PDFs: without metadata behind whatever filters, and never larger than what can be shown."""

import base64
import io
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Array, Name, Pdf, Stream
from PIL import Image

from backend.receipts.checking import pdf, pdf_streams
from backend.receipts.checking.images import Refused
from backend.receipts.checking.jpeg_segments import without_metadata
from backend.receipts.checking.refusals import Refusal
from tests.unit.receipts import pictures

SECRET = b"SECRET"
JPEG = pictures.with_metadata()
END, APPLICATION = b"\xff\xd9", b"\xff\xe1\x00\x0dSECRET end"


def jpeg_2000(*, boxed: bool) -> bytes:
    """Return a JPEG 2000 with SECRET in a box and in a comment, or a bare codestream with the comment alone."""
    target = io.BytesIO()
    Image.new("RGB", (48, 32), "red").save(target, "JPEG2000", no_jp2=not boxed, comment=b"SECRET comment")
    box = b"SECRET place"
    return target.getvalue() + ((len(box) + 8).to_bytes(4, "big") + b"uuid" + box if boxed else b"")


def with_picture(data: bytes, *filters: Name, width: int = 48, height: int = 32) -> bytes:
    """Return a PDF with *data* as a picture behind *filters*, as they are."""
    document = Pdf.open(io.BytesIO(pictures.pdf()))
    picture = Stream(document, data)
    picture.Type, picture.Subtype, picture.Filter = Name.XObject, Name.Image, Array(filters)
    picture.Width, picture.Height, picture.BitsPerComponent = width, height, 8
    picture.ColorSpace = Name.DeviceRGB
    document.pages[0].obj.Resources.XObject.Im9 = document.make_indirect(picture)
    return saved(document)


def saved(document: Pdf) -> bytes:
    target = io.BytesIO()
    document.save(target, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return target.getvalue()


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refused) as refused:
        pdf.read(data)
    return refused.value.refusal


def pictures_in(copy: bytes) -> list[bytes]:
    """Return the pictures in *copy* as they are stored; none may be behind two filters."""
    with Pdf.open(io.BytesIO(copy)) as document:
        streams = [item for item in document.objects if isinstance(item, Stream)]
        coded = [item for item in streams if item.get("/Filter") in (Name.DCTDecode, Name.JPXDecode)]
        assert all(not isinstance(item.get("/Filter"), Array) for item in streams)
        return [item.read_raw_bytes() for item in coded]


HIDDEN = {
    "as it is": (JPEG, ()),
    "packed again": (zlib.compress(JPEG), (Name.FlateDecode,)),
    "as letters": (base64.a85encode(JPEG) + b"~>", (Name.ASCII85Decode,)),
    "as digits": (JPEG.hex().encode() + b">", (Name.ASCIIHexDecode,)),
    "behind its end": (JPEG + b"SECRET tail", ()),
    "after the scan": (JPEG.removesuffix(END) + APPLICATION + END, ()),
    "after fill bytes": (JPEG[:2] + b"\xff\xff" + APPLICATION + JPEG[2:], ()),
    "in a foreign segment": (JPEG[:2] + APPLICATION.replace(b"\xe1", b"\xe0", 1) + JPEG[2:], ()),
}


@pytest.mark.parametrize(("data", "filters"), HIDDEN.values(), ids=HIDDEN)
def test_a_jpeg_in_a_pdf_loses_its_metadata_wherever_they_are(data: bytes, filters: tuple[Name, ...]) -> None:
    _, copy = pdf.read(with_picture(data, *filters, Name.DCTDecode))
    stored = pictures_in(copy)
    assert len(stored) == 2
    assert not any(SECRET in picture for picture in stored)
    # What is seen is the same.
    with Image.open(io.BytesIO(JPEG)) as original:
        expected = original.tobytes()
    for picture in stored:
        with Image.open(io.BytesIO(picture)) as shown:
            assert shown.size == (48, 32)
    with Image.open(io.BytesIO(without_metadata(JPEG))) as shown:
        assert shown.tobytes() == expected


@pytest.mark.parametrize("boxed", [True, False])
def test_a_jpeg_2000_in_a_pdf_loses_its_metadata(boxed: bool) -> None:
    data = jpeg_2000(boxed=boxed)
    assert SECRET in data
    stored = pictures_in(pdf.read(with_picture(data, Name.JPXDecode))[1])
    assert not any(SECRET in picture for picture in stored)
    with Image.open(io.BytesIO(stored[-1])) as shown, Image.open(io.BytesIO(data)) as original:
        assert shown.tobytes() == original.tobytes()


def test_a_picture_inside_the_text_of_a_page_loses_its_metadata() -> None:
    document = Pdf.open(io.BytesIO(pictures.pdf()))
    inline = b"q 48 0 0 32 0 0 cm BI /W 48 /H 32 /CS /RGB /BPC 8 /F /DCT ID " + JPEG + b" EI Q"
    document.pages[0].obj.Contents = document.make_stream(inline)
    _, copy = pdf.read(saved(document))
    assert SECRET not in b"".join(pictures_in(copy))
    with Pdf.open(io.BytesIO(copy)) as copied:
        assert SECRET not in copied.pages[0].obj.Contents.read_bytes()


@pytest.mark.parametrize("filters", [(Name.DCTDecode,), (Name.JPXDecode,)])
def test_a_picture_that_is_none_is_refused(filters: tuple[Name, ...]) -> None:
    assert refusal(with_picture(b"<html>" + SECRET, *filters)) is Refusal.DAMAGED


def large_jpeg() -> bytes:
    """Return a JPEG whose header says 60,000 pixels on each side."""
    start = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:start] + (60_000).to_bytes(2, "big") * 2 + JPEG[start + 4 :]


def large_jpeg_2000() -> bytes:
    data = jpeg_2000(boxed=False)
    return data[:8] + (60_000).to_bytes(4, "big") * 2 + data[16:]


def with_page(**entries: object) -> bytes:
    document = Pdf.open(io.BytesIO(pictures.pdf()))
    for name, value in entries.items():
        document.pages[0].obj[f"/{name}"] = value
    return saved(document)


TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "pixels that the PDF states": lambda: with_picture(b"", Name.CCITTFaxDecode, width=60_000, height=60_000),
    "pixels that the JPEG states": lambda: with_picture(large_jpeg(), Name.DCTDecode),
    "pixels that the JPEG 2000 states": lambda: with_picture(large_jpeg_2000(), Name.JPXDecode),
    "a page": lambda: with_page(MediaBox=Array([0, 0, 1_000_000, 10])),
    "a page by its unit": lambda: with_page(UserUnit=10_000),
}


@pytest.mark.parametrize("make", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_no_viewer_can_show_is_refused(make: Callable[[], bytes]) -> None:
    assert refusal(make()) is Refusal.TOO_LARGE


@pytest.mark.parametrize("times", [1, 2])
def test_streams_that_unpack_to_too_much_are_refused(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(pdf_streams, "MAX_DECODED_BYTES", 4_000_000)
    data = b"\0" * 4_000_000
    for _ in range(times):
        data = zlib.compress(data)
    assert refusal(with_picture(data, *[Name.FlateDecode] * times)) is Refusal.TOO_LARGE


def test_unpacking_is_counted_in_flat_memory() -> None:
    pieces = list(
        pdf_streams._inflated(pdf_streams._inflated([zlib.compress(zlib.compress(b"\0" * 4_000_000))]))
    )
    assert sum(map(len, pieces)) == 4_000_000
    assert max(map(len, pieces)) <= 64 * 1024
