"""Who may see which page: every page of the route map for every role, and what others get."""

from typing import Any

import pytest

from backend.console.route import Open
from backend.console.routes import FILE_PATH, OTHER_PATH, PAGES, PREFIX
from backend.office.roles import ROLES, Permission, Role
from tests.unit.api.access_matrix import CALLERS
from tests.unit.api.installation import Installation
from tests.unit.console.browser import Person, signed_in
from tests.unit.console.test_forgery import path_of

NEEDS = {
    "sign_in": Open.TO_ALL,
    "sign_in_send": Open.TO_ALL,
    "sign_out": Open.TO_PEOPLE,
    "account": Open.TO_PEOPLE,
    "account_password": Open.TO_PEOPLE,
    "account_factor": Open.TO_PEOPLE,
    "account_factor_removal": Open.TO_PEOPLE,
    "account_language": Open.TO_PEOPLE,
    "start": Permission.VIEW,
    "documents": Permission.VIEW,
    "document": Permission.VIEW,
    "action": Permission.VIEW,
    "cause": Permission.VIEW,
    "batch_begin": Permission.VIEW,
    "batch": Permission.VIEW,
    "batch_continue": Permission.VIEW,
    "batch_undo": Permission.VIEW,
}
"""What each page needs. A page without a row fails the test: write down who it is for."""


def test_every_page_has_a_row_and_every_row_a_page(installation: Installation) -> None:
    assert {page.name: page.needs for page in PAGES} == NEEDS
    served = {
        (method, rule.rule)
        for rule in installation.app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in (rule.methods or set()) - {"HEAD"}
    }
    declared = {(page.method, PREFIX + page.path) for page in PAGES}
    assert served == declared | {("GET", PREFIX + FILE_PATH), ("GET", PREFIX + OTHER_PATH)}


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_the_pages_of_its_permissions(installation: Installation, role: Role) -> None:
    anna = signed_in(installation, "anna", role.value, territory="NW")
    for page in PAGES:
        if page.method != "GET" or page.name == "sign_in":
            continue
        may = not isinstance(page.needs, Permission) or page.needs in ROLES[role].permissions
        status = anna.get(path_of(page.path)).status_code
        assert status in ((200, 404) if may else (403,)), page.name


@pytest.mark.parametrize("name", ["nobody", "rubbish", "a device", "order desk", "a revoked account"])
def test_a_token_opens_no_page(installation: Installation, name: str) -> None:
    token = CALLERS[name].token(installation)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    stranger = Person(installation)
    for page in PAGES:
        if page.needs is Open.TO_ALL:
            continue
        reply: Any = stranger.client.open(
            path_of(page.path), method=page.method, base_url="https://localhost", headers=headers, data={}
        )
        if page.method == "GET":
            assert (reply.status_code, reply.location.split("?")[0]) == (303, "/office/sign-in"), page.name
        else:
            assert reply.status_code in (403, 415), page.name


def test_a_session_opens_no_route_of_the_api(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "order_desk", "it")
    for path in ("/v1/office/parked", "/v1/pull"):
        assert anna.get(path).status_code == 401


def test_a_person_without_a_territory_that_the_role_needs_sees_nothing(installation: Installation) -> None:
    assert signed_in(installation, "anna", "supervisor").get("/office/").status_code == 403
