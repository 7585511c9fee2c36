"""docs/protocol.md: every example that it names exists, and it names every golden exchange."""

import re
from pathlib import Path

from backend.api.routes import ROUTES
from tests.contract.wire import exchange

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "protocol.md").read_text(encoding="utf-8")


def test_every_example_and_page_it_names_is_there() -> None:
    named = [name for name in re.findall(r"\]\(([^)]+)\)", PAGE) if not name.startswith("https:")]
    missing = [name for name in named if not name.startswith("#") and not (DOCS / name).exists()]
    assert missing == []
    headings = {f"#{title.lower().replace(' ', '-')}" for title in re.findall(r"^## (.+)$", PAGE, re.M)}
    assert {name for name in named if name.startswith("#")} <= headings


def test_every_golden_exchange_that_is_no_problem_is_named() -> None:
    unnamed = [
        name for name in exchange.names() if not name.startswith("problem-") and f"{name}.json" not in PAGE
    ]
    assert unnamed == ["receipt-last-piece"]


def test_every_address_is_named() -> None:
    assert [route.path for route in ROUTES if route.path.removesuffix("/<upload_id>") not in PAGE] == []
