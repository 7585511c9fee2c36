"""Every option of the connector: its name, default and meaning, in one table.

Options are environment variables SATCHEL_ERP_<NAME>. There is none for Tryton's language: refusals are
recognized by their English text, so every call asks for English.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

POLICY_FIELDS = frozenset({"limit_per_line", "receipt_above"})
EVERY_CATEGORY = "*"


def _text(value: str) -> str:
    return value.strip()


def _required(value: str) -> str:
    if not value.strip():
        raise ValueError("must be given")
    return value.strip()


def _secret(value: str) -> str:
    if not value:
        raise ValueError("must be given")
    return value


def _url(value: str) -> str:
    value = _required(value).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://erp.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must contain neither a user nor a query; user and password are options of their own")
    try:
        parts.port  # noqa: B018 - the property raises for a wrong port
    except ValueError:
        raise ValueError("has a port that is not a number from 1 to 65535") from None
    return value


def _database(value: str) -> str:
    value = _required(value)
    if not all(c.isalnum() or c in "_-." for c in value):
        raise ValueError("may contain only letters, digits, '_', '-' and '.'")
    return value


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError("must be a number") from None
        if not least <= number <= most:
            raise ValueError(f"must be between {least:g} and {most:g}")
        return number

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = _number(least, most)(value)
        if number != int(number):
            raise ValueError("must be a whole number")
        return int(number)

    return read


def _optional(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda value: read(value) if value.strip() else None


def _codes(value: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in value.split(",") if code.strip())


def _file(value: str) -> str:
    if value.strip() and not Path(value.strip()).is_file():
        raise ValueError("is not a file")
    return value.strip()


def _policy(value: str) -> dict[str, dict[str, str]]:
    try:
        policy = json.loads(value or "{}")
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from None
    if not isinstance(policy, dict):
        raise ValueError('must be a JSON object such as {"5.3.3": {"limit_per_line": "60.00"}}')
    for code, limits in policy.items():
        if not isinstance(limits, dict) or not set(limits) <= POLICY_FIELDS:
            raise ValueError(f"{code!r} may have {' and '.join(sorted(POLICY_FIELDS))} only")
        for name, amount in limits.items():
            try:
                right = isinstance(amount, str) and Decimal(amount) >= 0
            except InvalidOperation:
                right = False
            if not right:
                raise ValueError(f'{code!r}: {name} must be an amount as text, such as "25.00"')
    return policy


class Option(NamedTuple):
    """One row of the table."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str


OPTIONS = (
    Option("url", "", _url, "Address of trytond, without the database: https://erp.example.com"),
    Option("database", "", _database, "Name of Tryton's database."),
    Option("user", "", _required, "Login of Satchel's user in Tryton."),
    Option("password", "", _secret, "The user's password."),
    Option(
        "company", "", _optional(_whole(1, 2**31)), "Id of the company. Default: the company of Satchel's user."
    ),
    Option(
        "ca_file",
        "",
        _file,
        "File (PEM) with the certificates of your own authority. Default: the usual authorities.",
    ),
    Option("timeout_seconds", "60", _number(0.05, 3600), "Seconds to wait for one reply."),
    Option(
        "quiet_seconds",
        "",
        _optional(_number(0.01, 86_400)),
        "Seconds before an unknown outcome is looked up. Default: 1 with the companion module, 1800 without.",
    ),
    Option(
        "max_in_flight",
        "2",
        _whole(1, 100),
        "Most documents sent at once. Confirming with credit limits locks tables, so more is not faster.",
    ),
    Option("page_size", "200", _whole(1, 1000), "Most records requested in one call."),
    Option(
        "overlap_seconds",
        "300",
        _number(0, 86_400),
        "Longest time in seconds that a transaction of Tryton takes; changes of that time are read again.",
    ),
    Option("refresh_hours", "24", _number(0.01, 8760), "Hours between two readings of everything."),
    Option(
        "snapshot_hours",
        "6",
        _number(0.01, 8760),
        "Hours between two readings of all stock, prices and credit.",
    ),
    Option("history_days", "365", _whole(1, 36_500), "Days for which finished orders and paid items are read."),
    Option("territory_category", "Territory", _required, "Party category with one child for each territory."),
    Option("blocked_category", "Blocked", _text, "Party category of customers from whom no order is accepted."),
    Option("kind_category", "Kind", _text, "Product category with one child for each kind of product."),
    Option("spare_part", "Spare part", _text, "Child of the kind category for spare parts."),
    Option("promotional_good", "Promotional good", _text, "Child of the kind category for promotional goods."),
    Option("group_category", "Group", _text, "Product category with one child for each product group."),
    Option(
        "warehouse",
        "",
        _text,
        "Code of the warehouse for orders that name none. Not needed if there is only one.",
    ),
    Option(
        "expense_accounts",
        "",
        _codes,
        "Codes, or first characters of codes, of the expense accounts for reps, with commas. Default: all.",
    ),
    Option(
        "expense_policy", "", _policy, 'Limits by account code, as JSON; "*" stands for all other accounts.'
    ),
    Option("expense_journal", "EXP", _required, "Code of the journal for expense claims."),
    Option(
        "payable_account",
        "",
        _text,
        "Code of the payable account of claims. Default: the account that Tryton uses for the employee.",
    ),
)


@dataclass(frozen=True)
class Options:
    """The values of the options, each under its name in `OPTIONS`."""

    url: str
    database: str
    user: str
    password: str
    company: int | None
    ca_file: str
    timeout_seconds: float
    quiet_seconds: float | None
    max_in_flight: int
    page_size: int
    overlap_seconds: float
    refresh_hours: float
    snapshot_hours: float
    history_days: int
    territory_category: str
    blocked_category: str
    kind_category: str
    spare_part: str
    promotional_good: str
    group_category: str
    warehouse: str
    expense_accounts: tuple[str, ...]
    expense_policy: dict[str, dict[str, str]]
    expense_journal: str
    payable_account: str

    def __repr__(self) -> str:
        return f"Options(url={self.url!r}, database={self.database!r}, user={self.user!r})"


def read_options(given: Mapping[str, str]) -> Options:
    """Return the options; raises ValueError for the first that is wrong or unknown."""
    known = {option.name for option in OPTIONS}
    for name in given:
        if name not in known:
            raise ValueError(
                f"{name!r} is not an option of the Tryton connector. Its options are {', '.join(sorted(known))}"
            )
    values: dict[str, Any] = {}
    for option in OPTIONS:
        try:
            values[option.name] = option.read(given.get(option.name, "") or option.default)
        except ValueError as error:
            raise ValueError(f"Tryton connector: option {option.name} {error}. {option.help}") from None
    return Options(**values)
