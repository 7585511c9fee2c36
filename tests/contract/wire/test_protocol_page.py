"""docs/protocol.md: every example that it names exists, and it names every golden exchange."""

import re
from pathlib import Path

from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.office.actions import ACTIONS
from tests.contract.wire import exchange

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "protocol.md").read_text(encoding="utf-8")


def test_every_example_and_page_that_the_protocol_names_exists() -> None:
    named = [name for name in re.findall(r"\]\(([^)]+)\)", PAGE) if not name.startswith("https:")]
    parts = [name.partition("#") for name in named]
    assert [path for path, _, _ in parts if path and not (DOCS / path).exists()] == []
    for path, _, anchor in parts:
        assert not anchor or anchor in headings(DOCS / path if path else DOCS / "protocol.md"), anchor


def headings(page: Path) -> set[str]:
    """Return the anchors of the headings of *page*."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {title.lower().replace(" ", "-") for title in titles}


def test_the_protocol_names_every_golden_exchange_but_problems() -> None:
    unnamed = [
        name for name in exchange.names() if not name.startswith("problem-") and f"{name}.json" not in PAGE
    ]
    assert unnamed == ["receipt-last-piece"]


def test_the_docs_name_every_route() -> None:
    """Those of the office are on their own page, which names the actions by a placeholder."""
    office = [f"{route.method} {route.path}" for route in ROUTES if route.auth is Auth.OFFICE]
    actions = [f"POST /v1/office/parked/<id>/{name}" for name in ACTIONS]
    parked = (DOCS / "parked.md").read_text(encoding="utf-8")
    assert set(actions) < set(office) and "/v1/office/parked/<id>/<action>" in parked
    assert [path for path in set(office) - set(actions) if f"`{path}`" not in parked] == []
    phones = [route.path for route in ROUTES if route.auth is not Auth.OFFICE]
    assert [path for path in phones if path.removesuffix("/<upload_id>") not in PAGE] == []
