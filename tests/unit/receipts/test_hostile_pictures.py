"""Pictures that are not what they claim, too large or full of metadata: refused, or copied without the rest."""

import io
import zipfile
import zlib

import pytest
from PIL import Image

from backend.receipts.checking import images
from backend.receipts.checking.images import Refused
from backend.receipts.checking.refusals import Refusal
from sync_protocol.receipt_types import media_type
from tests.unit.receipts import pictures
from tests.unit.receipts.pictures import photograph, with_metadata

SCRIPT = b"<script>alert(1)</script>"
FITS = b"SIMPLE  =                    T".ljust(80) + b"NAXIS   =                    2".ljust(80)
ANNOUNCED = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) (r) file",
    "fits": FITS,
    "mng": b"\x8aMNG\r\n\x1a\n" + b"\0" * 40,
    "gif with a script": b"GIF89a/*" + SCRIPT + b"*/=1;",
    "html": b"<!doctype html>" + SCRIPT,
    "bmp": b"BM" + b"\0" * 60,
    "tiff": b"II*\0" + b"\0" * 60,
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 40,
    "mp4": b"\0\0\0\x18ftypmp42" + b"\0" * 40,
    "zip": b"PK\x03\x04" + b"\0" * 40,
    "three bytes too few": b"\xff\xd8",
}


@pytest.mark.parametrize("data", ANNOUNCED.values(), ids=ANNOUNCED)
def test_a_file_of_another_type_is_refused_by_its_first_bytes(data: bytes) -> None:
    assert media_type(data) is None


DAMAGED = {
    "three bytes of a JPEG": b"\xff\xd8\xff",
    "html behind the first bytes of a JPEG": b"\xff\xd8\xff" + SCRIPT * 100,
    "html behind the first bytes of a PNG": b"\x89PNG\r\n\x1a\n" + SCRIPT * 100,
    "html behind the first bytes of a WebP": b"RIFF\x00\x01\0\0WEBP" + SCRIPT * 100,
    "html behind the first bytes of a HEIC": b"\0\0\0\x18ftypheic" + SCRIPT * 100,
    "a truncated JPEG": photograph()[:-200],
    "a truncated PNG": photograph(form="PNG")[:-40],
    "a truncated WebP": photograph(form="WEBP")[:-40],
    "a PNG without data": pictures.png(100, 100),
    "a PNG with a text that inflates": pictures.png(
        8, 8, b"\0\0" * 8, chunks=pictures.chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 80_000_000))
    ),
    "a GIF called PNG": b"\x89PNG\r\n\x1a\n" + photograph("P", "GIF"),
    "a PNG of no size": pictures.png(0, 0),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_what_the_decoder_cannot_read_is_refused(data: bytes) -> None:
    kind = media_type(data)
    assert kind is not None
    images.prepare(kind)
    with pytest.raises(Refused) as refused:
        images.read(data, kind)
    assert refused.value.refusal is Refusal.DAMAGED


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (30_001, 1), (1, 2**31 - 1), (8_001, 8_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    images.prepare("image/png")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(Refused) as refused:
        images.read(pictures.png(width, height), "image/png")
    assert refused.value.refusal is Refusal.TOO_LARGE


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_an_animation_is_refused(form: str) -> None:
    images.prepare(f"image/{form.lower()}")
    with pytest.raises(Refused) as refused:
        images.read(pictures.frames(form), f"image/{form.lower()}")
    assert refused.value.refusal is Refusal.ANIMATED


def test_of_the_two_pictures_of_a_phone_the_copy_has_the_first() -> None:
    images.prepare("image/jpeg")
    kind, copy = images.read(pictures.frames("MPO"), "image/jpeg")
    with Image.open(io.BytesIO(copy)) as image:
        assert (kind, image.format, image.getpixel((5, 5))) == ("image/jpeg", "JPEG", (0, 0, 254))


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("SECRET.html", SCRIPT)
    return target.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("tail", [zipped(), SCRIPT, b"SECRET"], ids=["zip", "script", "text"])
def test_the_copy_of_a_polyglot_is_a_picture_alone(form: str, tail: bytes) -> None:
    data, kind = photograph(form=form) + tail, f"image/{form.lower()}"
    images.prepare(kind)
    _, copy = images.read(data, kind)
    assert b"SECRET" not in copy and b"script" not in copy and not zipfile.is_zipfile(io.BytesIO(copy))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_copy_is_upright_and_says_nothing_but_the_picture(form: str) -> None:
    data, kind = with_metadata(form), f"image/{form.lower()}"
    assert b"SECRET" in data
    images.prepare(kind)
    _, copy = images.read(data, kind)
    with Image.open(io.BytesIO(copy)) as image:
        assert image.size == (32, 48)
        assert not image.getexif() and not {"xmp", "icc_profile", "comment", "exif"} & set(image.info)
    assert not [word for word in (b"SECRET", b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE") if word in copy]


MODES = [
    *(("JPEG", mode) for mode in ("L", "RGB", "CMYK", "YCbCr")),
    *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
]


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_every_kind_of_sound_picture_is_copied(form: str, mode: str) -> None:
    kind = f"image/{form.lower()}"
    images.prepare(kind)
    written, copy = images.read(photograph(mode, form), kind)
    assert written == media_type(copy) == ("image/png" if form == "PNG" else "image/jpeg")
    with Image.open(io.BytesIO(copy)) as image:
        top, bottom = image.convert("L").getpixel((5, 1)), image.convert("L").getpixel((5, 30))
    assert isinstance(top, int) and isinstance(bottom, int) and top < 60 and bottom > 195
