"""Writes the generated pages: `python -m backend.api.reference docs/reference`. A test compares them."""

import json
import sys
from pathlib import Path

from backend.api.openapi.document import document
from backend.api.routes import ROUTES
from backend.settings import ERP_PREFIX, PREFIX, SETTINGS
from sync_protocol.reference import markdown


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {
        "catalogue.md": markdown.catalogue(),
        "errors.md": markdown.errors(),
        "openapi.json": json.dumps(document(ROUTES), ensure_ascii=False, indent=1) + "\n",
        "settings.md": settings(),
    }


def settings() -> str:
    """Return `settings.md`: every setting, its default and its meaning."""
    lines = [
        markdown.GENERATED,
        "# Settings",
        "",
        "Environment variables.",
        f"Those that begin with `{ERP_PREFIX}` belong to the connector; its README lists them.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "(empty)"
        lines.append(f"| `{PREFIX}{setting.name.upper()}` | {default} | {setting.help} |")
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write every page into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m backend.api.reference docs/reference")
    write(Path(sys.argv[1]))
