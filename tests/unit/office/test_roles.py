"""The table of roles: complete, and read only where it says so."""

import itertools
from pathlib import Path

import pytest

from backend.office.access import Grant, OfficeUser
from backend.office.actions import ACTIONS
from backend.office.roles import ACTING, RECEIPTS, ROLES, Permission, Role
from sync_protocol.catalogue import COLLECTIONS, KINDS

SATCHEL_OWN = {"freshness", "submissions"}
"""Collections that only phones read; the office sees their sources."""
PAGE = (Path(__file__).parents[3] / "docs" / "console.md").read_text()


def test_every_role_has_a_row() -> None:
    assert set(ROLES) == set(Role)


def test_every_kind_and_collection_is_named_in_the_table() -> None:
    named = frozenset[str]().union(*(access.reads.names for access in ROLES.values()))
    assert named - {RECEIPTS} == (set(KINDS) | set(COLLECTIONS)) - SATCHEL_OWN


def test_every_kind_is_acted_on_by_a_department() -> None:
    named = frozenset[str]().union(*(access.acts_on.names for access in ROLES.values()))
    assert named == set(KINDS)


@pytest.mark.parametrize("role", Role)
def test_a_role_reads_what_it_acts_on(role: Role) -> None:
    access = ROLES[role]
    assert Permission.VIEW in access.permissions
    assert access.reads.is_everything or access.acts_on.names <= access.reads.names
    assert bool(access.permissions & ACTING) == (access.acts_on != type(access.acts_on)())


@pytest.mark.parametrize("role", Role)
def test_each_cell_of_the_table(role: Role) -> None:
    access, user = ROLES[role], OfficeUser("anna", (Grant(role, "NW"),))
    for name, permission in itertools.product([*KINDS, *COLLECTIONS, RECEIPTS, "later"], Permission):
        names = access.acts_on if permission in ACTING else access.reads
        is_allowed = permission in access.permissions and (names.is_everything or name in names.names)
        assert user.has(permission, name) is is_allowed, (name, permission)


def test_an_auditor_changes_nothing_and_a_supervisor_needs_a_territory() -> None:
    auditor = OfficeUser("anna", (Grant(Role.AUDITOR, None),))
    assert not any(auditor.has(action.permission) for action in ACTIONS.values())
    assert not any(OfficeUser("bert", (Grant(Role.SUPERVISOR, None),)).has(each) for each in Permission)


@pytest.mark.parametrize("role", Role)
def test_the_page_has_the_row_of_each_role(role: Role) -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{role}` ")]
    permissions = line.split("|")[2]
    assert {word for word in Permission if f"`{word}`" in permissions} == ROLES[role].permissions
