"""Pictures and PDFs, sound and hostile, made by the tests: no hostile file is committed."""

import base64
import io
import struct
import zlib
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image


def photograph(mode: str = "RGB", form: str = "JPEG", size: tuple[int, int] = (48, 32), **how: Any) -> bytes:
    """Return a picture of *form* with some colours."""
    grey = Image.linear_gradient("L").resize(size)
    picture = (
        grey.convert("I").point(lambda value: value * 257).convert(mode)
        if mode == "I;16"
        else grey.convert(mode)
    )
    target = io.BytesIO()
    picture.save(target, form, **how)
    return target.getvalue()


def with_metadata(form: str = "JPEG") -> bytes:
    """Return a picture turned by EXIF that says in every way who took it, where and with what."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x013B] = 6, "SECRET camera", "SECRET name"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (38.0, 42.0, 1.0)
    how: dict[str, Any] = {
        "exif": exif,
        "xmp": b"<x:xmpmeta>SECRET place</x:xmpmeta>",
        "icc_profile": b"SECRET" * 30,
    }
    if form == "JPEG":
        how["comment"] = b"SECRET comment"
    return photograph(form=form, **how)


def frames(form: str) -> bytes:
    """Return a picture with two frames: an animation, or the two pictures of a phone (MPO)."""
    target = io.BytesIO()
    more = [Image.new("RGB", (48, 32), "red")]
    Image.new("RGB", (48, 32), "blue").save(target, form, save_all=True, append_images=more)
    return target.getvalue()


def png(width: int, height: int, data: bytes = b"", *, chunks: bytes = b"") -> bytes:
    """Return a PNG of one bit per pixel whose header says *width* and *height*, whatever its data are."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf(*, encrypted: bool = False, pages: int = 1, **root: Any) -> bytes:
    """Return a PDF with *root* in its catalogue, and a photograph that says where it was taken."""
    document = Pdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(200, 200))
    if pages:
        page = document.pages[0]
        picture = document.make_stream(with_metadata(), Type=Name.XObject, Subtype=Name.Image)
        picture.Filter, picture.Width, picture.Height = Name.DCTDecode, 48, 32
        picture.ColorSpace, picture.BitsPerComponent = Name.DeviceRGB, 8
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=picture))
        page.obj.Contents = document.make_stream(b"q 100 0 0 100 0 0 cm /Im0 Do Q")
    for name, value in root.items():
        document.Root[f"/{name}"] = value
    document.docinfo["/Author"] = "SECRET name"
    with document.open_metadata() as metadata:
        metadata["dc:creator"] = ["SECRET name"]
    target = io.BytesIO()
    document.save(target, encryption=pikepdf.Encryption(owner="o", user="") if encrypted else False)
    return target.getvalue()


def script(kind: str = "/JavaScript") -> Dictionary:
    """Return an action that runs something."""
    return Dictionary(S=Name(kind), JS=String("app.alert(1)"), F=String("calc.exe"))


def attachment(document_name: str = "SECRET.xml") -> Dictionary:
    """Return the names of a catalogue with an embedded file, as an electronic invoice has it."""
    return Dictionary(
        EmbeddedFiles=Dictionary(Names=Array([String(document_name), Dictionary(UF=String("SECRET"))]))
    )


def heic() -> bytes:
    """Return a picture of 16 by 16 pixels: no library of the tests can encode HEIC."""
    return base64.b64decode(
        "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAXxtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA"
        "AAAAACJpbG9jAAAAAERAAAEAAQAAAAABoAABAAAAAAAAACkAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAA"
        "AA5waXRtAAAAAAABAAAA/GlwcnAAAADcaXBjbwAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNw"
        "AAADAJAAAAMAAAMAHroCQGEAAQApQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqrprm4CGgwIAAAAyAAAADAIRiAAEABkQBwXPB"
        "iQAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAChjbGFwAAAAEAAAAAEAAAAQAAAAAf///9AAAAAC"
        "////0AAAAAIAAAAQcGl4aQAAAAADCAgIAAAAGGlwbWEAAAAAAAAAAQABBYECAwWEAAAAMW1kYXQAAAAlKAGvGSEuEu4iXV/d"
        "TV+NpouogKLDg5XeWDtjIJllArxAjvjpdA=="
    )
