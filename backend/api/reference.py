"""Write `docs/reference`: `python -m backend.api.reference docs/reference`. A test keeps it up to date."""

import json
import sys
from pathlib import Path

from backend.api.openapi.document import document
from backend.api.routes import ROUTES
from backend.connectors.flatfile.options import Options as FlatFileOptions
from backend.connectors.tryton.options import Options as TrytonOptions
from backend.settings import ERP_PREFIX, PREFIX, Settings
from backend.settings.declaration import declared_settings, variable
from sync_protocol.contract import contract
from sync_protocol.reference import markdown


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {
        "catalogue.md": markdown.catalogue(),
        "errors.md": markdown.errors(),
        "rules.json": markdown.rules_json(),
        "contract.json": json.dumps(contract(), ensure_ascii=False, indent=1) + "\n",
        "openapi.json": json.dumps(document(ROUTES), ensure_ascii=False, indent=1) + "\n",
        "settings.md": settings(),
    }


def settings() -> str:
    """Return `settings.md`: every setting of the server and of our connectors, with default and meaning."""
    return "\n".join(
        [
            markdown.GENERATED,
            "# Settings",
            "",
            "Settings are environment variables.",
            "A variable that is set counts, even if it is empty.",
            "A variable that begins with `SATCHEL_` and is not listed here is refused at the start.",
            "",
            "## Server",
            "",
            *_table(Settings, PREFIX),
            "",
            "## Connectors",
            "",
            f"Variables with the prefix `{ERP_PREFIX}` are options of the connector in `SATCHEL_CONNECTOR`.",
            "",
            "### flatfile",
            "",
            *_table(FlatFileOptions, ERP_PREFIX),
            "",
            "### tryton",
            "",
            *_table(TrytonOptions, ERP_PREFIX),
            "",
        ]
    )


def _table(declaration: type, prefix: str) -> list[str]:
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for setting in declared_settings(declaration):
        default = "(required)" if setting.default is None else f"`{setting.default}`" if setting.default else ""
        cells = (f"`{variable(prefix, setting.name)}`", default, setting.help)
        # A bar inside a cell would begin the next one.
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def write(folder: Path) -> None:
    """Write every page into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m backend.api.reference docs/reference")
    write(Path(sys.argv[1]))
