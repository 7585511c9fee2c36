"""The roles of the office: one table of role × permission and role × kind or collection.

The console, the API and the commands read it through `access.OfficeUser`. To add a kind or a collection, write
its name into the rows of those who read it or act on it. Without that, the roles with `EVERYTHING` have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Permission(StrEnum):
    """What a person may do. Each office action and each address of the office names the one that it needs."""

    VIEW = "view"
    """Read documents and records of the names in `RoleAccess.reads`."""
    RESERVE = "reserve"
    RETRY = "retry"
    DECIDE = "decide"
    """Decide what becomes of a document."""
    ORIGINALS = "originals"
    """See a receipt as the phone sent it, with its metadata."""
    PHONES = "phones"
    """See phones: when they synced, and what is still on them."""


ACTING = frozenset({Permission.RESERVE, Permission.RETRY, Permission.DECIDE})
"""Permissions that change a document; they hold for the names in `RoleAccess.acts_on`."""


class Role(StrEnum):
    """A department, or a part that a person has in it. A person can have several."""

    ORDER_DESK = "order_desk"
    FINANCE = "finance"
    PLANNING = "planning"
    PURCHASING = "purchasing"
    WAREHOUSE = "warehouse"
    MARKETING = "marketing"
    SERVICE = "service"
    SUPERVISOR = "supervisor"
    IT = "it"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class Names:
    """Names of kinds of documents and of collections of records."""

    names: frozenset[str] = frozenset()
    is_everything: bool = False
    """Whether it has every name, also those that are declared later."""

    def __contains__(self, name: str) -> bool:
        return self.is_everything or name in self.names


EVERYTHING = Names(is_everything=True)
NOTHING = Names()
RECEIPTS = "receipts"
"""The name of all receipts in the table, beside the kinds and collections."""


def only(*names: str) -> Names:
    """Return these names."""
    return Names(frozenset(names))


@dataclass(frozen=True)
class RoleAccess:
    """One row of the table."""

    permissions: frozenset[Permission]
    reads: Names
    acts_on: Names = field(default=NOTHING)
    """The kinds that its acting permissions are for; it reads them too."""
    needs_territory: bool = False
    """Whether it sees only the reps of the person's territory, and without a territory nobody."""


def _may(*permissions: Permission) -> frozenset[Permission]:
    return frozenset({Permission.VIEW, *permissions})


_GOODS = ("products", "stock_levels", "units", "warehouses")
_CUSTOMERS = ("contacts", "customers")
_MONEY = ("credit", "price_limits", "price_lists", "prices", "receivables")
_P = Permission

ROLES: Mapping[Role, RoleAccess] = {
    Role.ORDER_DESK: RoleAccess(
        _may(_P.RESERVE, _P.RETRY, _P.DECIDE, _P.PHONES),
        only("order", "change_request", "withdrawal", "orders", *_GOODS, *_CUSTOMERS, *_MONEY),
        only("order", "change_request", "withdrawal"),
    ),
    Role.FINANCE: RoleAccess(
        _may(_P.RESERVE, _P.RETRY, _P.DECIDE, _P.ORIGINALS),
        only(
            *("order", "expense_claim", "change_request", "withdrawal", "orders", "expense_categories"),
            *(RECEIPTS, *_CUSTOMERS, *_MONEY),
        ),
        only("order", "expense_claim", "change_request", "withdrawal"),
    ),
    Role.PLANNING: RoleAccess(
        _may(_P.RESERVE, _P.RETRY, _P.DECIDE),
        only("forecast", "order", "orders", "customers", *_GOODS),
        only("forecast"),
    ),
    Role.PURCHASING: RoleAccess(_may(), only("forecast", "order", "orders", *_GOODS)),
    Role.WAREHOUSE: RoleAccess(_may(), only("order", "orders", "customers", *_GOODS)),
    Role.MARKETING: RoleAccess(
        _may(), only("order", "forecast", "orders", "products", "price_lists", *_CUSTOMERS)
    ),
    Role.SERVICE: RoleAccess(_may(), only("order", "change_request", "orders", *_GOODS, *_CUSTOMERS)),
    Role.SUPERVISOR: RoleAccess(
        _may(_P.RESERVE, _P.DECIDE, _P.PHONES), EVERYTHING, EVERYTHING, needs_territory=True
    ),
    Role.IT: RoleAccess(_may(_P.RESERVE, _P.RETRY, _P.PHONES), EVERYTHING, EVERYTHING),
    Role.AUDITOR: RoleAccess(_may(_P.PHONES), EVERYTHING),
}
"""What each role may do. An auditor changes nothing."""
