"""Pictures of codes, as a camera sees them: drawn by Zint, which zxing-wasm contains beside its decoder."""

import base64
import io
import json
import subprocess
from functools import cache
from pathlib import Path

from PIL import Image
from playwright.sync_api import FilePayload

from backend.webapp.builder import npm
from backend.webapp.builder.paths import MODULES

WRITE = """
import { readFileSync } from "node:fs";
const [folder, format, text] = JSON.parse(process.argv[1]);
const { prepareZXingModule, writeBarcode } = await import(`${folder}/dist/es/writer/index.js`);
prepareZXingModule({ overrides: { wasmBinary: readFileSync(`${folder}/dist/writer/zxing_writer.wasm`) } });
const { image, error } = await writeBarcode(text, { format, scale: 4, addQuietZones: true });
if (error) throw new Error(error);
process.stdout.write(Buffer.from(await image.arrayBuffer()).toString("base64"));
"""
CAMERA = (640, 480)


@cache
def picture(kind: str, text: str) -> Image.Image:
    """Return the code of *kind*, such as "EAN13", that says *text*."""
    arguments = json.dumps([str(MODULES / "zxing-wasm"), kind, text])
    command = [*npm.node_command(), "--input-type=module", "--eval", WRITE, arguments]
    written = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return Image.open(io.BytesIO(base64.b64decode(written.stdout))).convert("RGB")


def view_of(code: Image.Image, *, angle: float = 0) -> Image.Image:
    """Return what a camera sees of *code*: on a table, turned by *angle* degrees, not filling the picture."""
    view = Image.new("RGB", CAMERA, (150, 140, 130))
    turned = code.rotate(angle, expand=True, fillcolor=(150, 140, 130))
    turned.thumbnail((CAMERA[0] - 40, CAMERA[1] - 40))
    view.paste(turned, ((CAMERA[0] - turned.width) // 2, (CAMERA[1] - turned.height) // 2))
    return view


def photo(view: Image.Image, name: str = "code.jpg") -> FilePayload:
    """Return *view* as the file that a phone's camera writes."""
    data = io.BytesIO()
    view.save(data, "JPEG", quality=85)
    return {"name": name, "mimeType": "image/jpeg", "buffer": data.getvalue()}


def film(view: Image.Image, path: Path) -> Path:
    """Write *view* as a film that Chromium shows instead of a camera, and return *path*."""
    path.write_bytes(photo(view)["buffer"] * 10)
    return path
