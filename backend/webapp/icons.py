"""Draws the app's icons: `python -m backend.webapp.icons` writes them into `app/icons/`.

A satchel: a bag with a flap, a strap and a buckle, from the same shapes as SVG and as PNG.
"""

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent / "app" / "icons"
SIDE = 64
"""The drawing's width and height in its own units. All that matters is inside a circle of 0.8 × this, as a
launcher may cut an icon to any shape."""
SMOOTH = 8
"""The PNG is drawn this many times larger, and scaled down, because Pillow draws hard edges."""
SIZES = (180, 192, 512)
BACK, BAG, FLAP, BUCKLE = "#0b4f6c", "#f2c57c", "#d98e32", "#0b4f6c"
SHAPES = (
    ((24, 13, 40, 29), 7, FLAP),  # the strap, as a ring …
    ((27, 16, 37, 29), 5, BACK),  # … with the background inside
    ((14, 22, 50, 49), 5, BAG),
    ((14, 22, 50, 36), 5, FLAP),
    ((28, 31, 36, 41), 2, BUCKLE),
)
"""Rounded rectangles: (left, top, right, bottom), radius, colour."""


def svg() -> str:
    """Return the icon as SVG."""
    shapes = "".join(
        f'<rect x="{x}" y="{y}" width="{right - x}" height="{bottom - y}" rx="{radius}" fill="{colour}"/>'
        for (x, y, right, bottom), radius, colour in ((box, radius, colour) for box, radius, colour in SHAPES)
    )
    back = f'<rect width="{SIDE}" height="{SIDE}" fill="{BACK}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">{back}{shapes}</svg>\n'


def png(size: int) -> Image.Image:
    """Return the icon as an image of *size* pixels."""
    factor = size * SMOOTH / SIDE
    image = Image.new("RGB", (size * SMOOTH, size * SMOOTH), BACK)
    draw = ImageDraw.Draw(image)
    for box, radius, colour in SHAPES:
        draw.rounded_rectangle([edge * factor for edge in box], radius * factor, fill=colour)
    return image.resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "icon.svg").write_text(svg())
    for size in SIZES:
        png(size).quantize(32).save(FOLDER / f"icon-{size}.png", optimize=True)
