"""docs/protocol.md: every example that it names exists, and it names every golden exchange."""

import re
from pathlib import Path

from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.office.actions import ACTIONS
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
    """Those of the office are on their own page, which names the actions by a placeholder."""
    office = [route.path for route in ROUTES if route.auth is Auth.OFFICE]
    actions = [f"/v1/office/parked/<id>/{name}" for name in ACTIONS]
    parked = (DOCS / "parked.md").read_text(encoding="utf-8")
    assert set(actions) < set(office) and "/v1/office/parked/<id>/<action>" in parked
    assert [path for path in set(office) - set(actions) if f"`GET {path}`" not in parked] == []
    phones = [route.path for route in ROUTES if route.auth is not Auth.OFFICE]
    assert [path for path in phones if path.removesuffix("/<upload_id>") not in PAGE] == []
