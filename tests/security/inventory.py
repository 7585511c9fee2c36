"""Writes what is reviewed by its difference: routes with their authentication, fields of replies by role.

`python -m tests.security.inventory` writes both files; `make reference` calls it.
"""

import json
from pathlib import Path
from typing import Any

from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.console import routes as console
from backend.console.route import Needs
from backend.office.roles import Permission
from backend.webapp import blueprint as webapp
from tests.contract.wire import exchange
from tests.contract.wire.office import FOLDER as OFFICE_FOLDER

FOLDER = Path(__file__).parent
ROUTES_FILE, FIELDS_FILE = FOLDER / "routes.json", FOLDER / "response_fields.json"
OPEN = ("body", "record")
"""Fields whose value is a document or record: its schema has its own list."""


def routes() -> dict[str, str]:
    """Return what each route of the API, each address of the phone app and each page requires."""
    pages = {f"{page.method} {console.PREFIX}{page.path}": _needs(page.needs) for page in console.PAGES}
    files = {f"GET {console.PREFIX}{path}": "nothing" for path in (console.FILE_PATH, console.OTHER_PATH)}
    app = {f"GET {path}": Auth.PUBLIC.value for path in sorted(webapp.PATHS)}
    return app | pages | files | {f"{route.method} {route.path}": route.auth.value for route in ROUTES}


def _needs(needs: Needs) -> str:
    return f"a session with the permission {needs}" if isinstance(needs, Permission) else needs.value


def response_fields() -> dict[str, list[str]]:
    """Return by role every path of a field in a golden reply."""
    roles: dict[str, set[str]] = {}
    public = {route.path for route in ROUTES if route.auth is Auth.PUBLIC}
    for folder in (exchange.FOLDER, OFFICE_FOLDER):
        for name in exchange.names(folder):
            golden = exchange.read(name, folder)
            role = "office" if folder == OFFICE_FOLDER else "device"
            role = "anybody" if golden["request"]["path"] in public else role
            roles.setdefault(role, set()).update(_paths(golden["reply"].get("body"), ""))
    return {role: sorted(paths) for role, paths in sorted(roles.items())}


def _paths(value: Any, path: str) -> set[str]:
    if isinstance(value, dict) and path.rpartition(".")[2] not in OPEN:
        return {p for key, inner in value.items() for p in {f"{path}.{key}"} | _paths(inner, f"{path}.{key}")}
    if isinstance(value, list):
        return {p for inner in value for p in _paths(inner, f"{path}[]")}
    return set()


if __name__ == "__main__":
    for file, content in ((ROUTES_FILE, routes()), (FIELDS_FILE, response_fields())):
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
