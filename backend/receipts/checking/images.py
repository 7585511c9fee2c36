"""Pictures: decoded completely by Pillow, and encoded again without metadata.

Only the format that the first bytes announce is tried (`formats`), so that no rare decoder of Pillow sees the
file. Size and frames are read from the header before anything is decoded.
"""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from backend.receipts.checking.refusals import Refusal

MAX_PIXELS = 64_000_000
MAX_SIDE = 30_000
QUALITY = 90
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}
_UNREADABLE = (OSError, SyntaxError, ValueError, UnidentifiedImageError, EOFError, IndexError, TypeError)
"""What Pillow raises for a damaged picture."""


class Refused(Exception):
    """The file cannot be used as a receipt."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def prepare(media_type: str) -> None:
    """Load everything that `copy` needs for *media_type*: later no file can be opened."""
    if media_type == "image/heic":
        import pi_heif

        pi_heif.options.DECODE_THREADS = 1  # no thread can be started later
        pi_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = None  # the cap is checked here, before decoding
    Image.init()
    for output in {FORMATS[media_type], "JPEG", "PNG"} - {"HEIF"}:
        sample = io.BytesIO()
        Image.new("RGBA" if output == "PNG" else "RGB", (8, 8)).save(sample, output)
        sample.seek(0)
        with Image.open(sample, formats=[output]) as image:
            image.getexif()
            copy(image)


def read(data: bytes, media_type: str) -> tuple[str, bytes]:
    """Return (media type, bytes) of a copy of the picture *data*; raises `Refused`.

    A JPEG may be followed by other pictures or data, as many phones write them: the copy has the first picture
    alone. A PNG stays a PNG, because it may be a screenshot with small letters; all others become JPEG.
    """
    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[media_type]]) as image:
            width, height = image.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                raise Refused(Refusal.TOO_LARGE)
            if media_type in ("image/png", "image/webp") and getattr(image, "n_frames", 1) > 1:
                raise Refused(Refusal.ANIMATED)
            return copy(image)
    except Image.DecompressionBombError:
        raise Refused(Refusal.TOO_LARGE) from None
    except MemoryError:
        raise Refused(Refusal.TOO_COSTLY) from None
    except _UNREADABLE as error:
        raise Refused(Refusal.DAMAGED) from error


def copy(image: Image.Image) -> tuple[str, bytes]:
    """Return (media type, bytes) of *image* alone: upright, on white, without EXIF, XMP, comment, profile."""
    image.load()
    is_png = image.format == "PNG"
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
        upright = upright.convert("F").point(lambda value: value / 257.0).convert("L")
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        layered = upright.convert("RGBA")
        upright = Image.new("RGB", layered.size, "white")
        upright.paste(layered, mask=layered.getchannel("A"))
    elif upright.mode not in ("L", "RGB"):
        upright = upright.convert("L" if upright.mode == "1" else "RGB")
    plain = Image.new(upright.mode, upright.size)  # a new picture has no metadata to write
    plain.paste(upright)
    target = io.BytesIO()
    if is_png:
        plain.save(target, "PNG")
        return "image/png", target.getvalue()
    plain.save(target, "JPEG", quality=QUALITY)
    return "image/jpeg", target.getvalue()
