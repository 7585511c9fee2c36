"""The options of the connector, each declared once.

They come from environment variables SATCHEL_ERP_<NAME>. Tryton's language is not an option: refusals are told
apart by their English text, so each call asks for English.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from backend.settings import readers as read
from backend.settings.declaration import SettingError, setting
from backend.settings.declaration import read_options as read_declared
from backend.settings.secret_checks import require_uncommon
from backend.settings.this_machine import is_this_machine

POLICY_FIELDS = frozenset({"limit_per_line", "receipt_above"})
EVERY_CATEGORY = "*"


def _url(value: str) -> str:
    value = read.required(value).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://erp.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold neither a user nor a query; user and password have their own options")
    try:
        has_usable_port = parts.port != 0
    except ValueError:
        has_usable_port = False
    if not has_usable_port:
        raise ValueError("must have a port from 1 to 65535")
    return value


def _database(value: str) -> str:
    value = read.required(value)
    if not all(c.isalnum() or c in "_-." for c in value):
        raise ValueError("must hold letters, digits, '_', '-' and '.' only")
    return value


def _policy(value: str) -> dict[str, dict[str, str]]:
    try:
        policy = json.loads(value or "{}")
    except ValueError as error:
        raise ValueError(f"must be JSON; this is not JSON ({error})") from None
    if not isinstance(policy, dict):
        raise ValueError('must be a JSON object such as {"5.3.3": {"limit_per_line": "60.00"}}')
    for code, limits in policy.items():
        if not isinstance(limits, dict) or not set(limits) <= POLICY_FIELDS:
            raise ValueError(f"must have {' and '.join(sorted(POLICY_FIELDS))} only, for {code!r} too")
        for name, amount in limits.items():
            try:
                right = isinstance(amount, str) and Decimal(amount) >= 0
            except InvalidOperation:
                right = False
            if not right:
                raise ValueError(f'must have an amount as text, such as "25.00", for {name} of {code!r}')
    return policy


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options in force."""

    url: str = setting(
        _url,
        None,
        "URL of trytond without the database, such as https://erp.example.com. Redirects are not followed.",
        secret=True,
    )
    database: str = setting(_database, None, "Name of Tryton's database.")
    user: str = setting(read.required, None, "Login of Satchel's user in Tryton.")
    password: str = setting(read.password, None, "Password of that user.", secret=True)
    company: int | None = setting(
        read.optional(read.integer(1, 2**31)), "", "Id of the company. Empty: the company of the user."
    )
    unencrypted: str = setting(
        read.one_of("yes", "no"),
        "no",
        "Send the password by plain http to another machine, on a network that you trust: yes or no.",
    )
    ca_file: str = setting(
        read.existing_file,
        "",
        "PEM file with the certificates of your own certificate authority. Empty: the usual authorities.",
    )
    timeout_seconds: float = setting(
        read.number(0.05, 3600),
        "60",
        "Seconds to wait for one reply. A whole exchange ends after twice as long, so SATCHEL_LEASE_SECONDS "
        "must not be below that.",
    )
    page_size: int = setting(
        read.integer(1, 1000),
        "200",
        "Maximum number of records read in one call. Keep it below Tryton's own records_limit ([request]).",
    )
    overlap_seconds: float = setting(
        read.number(0, 86_400),
        "300",
        "Longest duration of a Tryton transaction, in seconds. Changes of that period are read again.",
    )
    refresh_hours: float = setting(
        read.number(0.01, 8760),
        "24",
        "Hours between two reads of everything, which find changes that no timestamp shows.",
    )
    snapshot_hours: float = setting(
        read.number(0.01, 8760),
        "6",
        "Hours between two complete reads of stock, prices and credit, which can change without a changed row.",
    )
    history_days: int = setting(
        read.integer(1, 36_500),
        "365",
        "Days for which finished orders and paid items are read. Open ones are always read.",
    )
    territory_category: str = setting(
        read.required, "Territory", "Party category whose children are the territories."
    )
    blocked_category: str = setting(
        read.text, "Blocked", "Party category of customers that may not order. Empty: none."
    )
    kind_category: str = setting(
        read.text, "Kind", "Product category whose children are the kinds of product. Empty: none."
    )
    spare_part: str = setting(read.text, "Spare part", "Child of the kind category: spare parts.")
    promotional_good: str = setting(
        read.text, "Promotional good", "Child of the kind category: promotional goods."
    )
    group_category: str = setting(
        read.text, "Group", "Product category whose children are the product groups. Empty: none."
    )
    warehouse: str = setting(
        read.text,
        "",
        "Code of the warehouse for orders that name none. Not needed if there is only one warehouse.",
    )
    expense_accounts: tuple[str, ...] = setting(
        read.words,
        "",
        "Codes of the expense accounts offered to reps, or the first digits of codes, separated by commas. "
        "Empty: all.",
    )
    expense_policy: dict[str, dict[str, str]] = setting(
        _policy,
        "",
        'Limits by account code, as JSON: {"5.3.3": {"limit_per_line": "60.00"}, "*": {"receipt_above": '
        '"25.00"}}; "*" means all other accounts.',
    )
    expense_journal: str = setting(read.required, "EXP", "Code of the journal for expense claims.")
    payable_account: str = setting(
        read.text, "", "Code of the payable account for expense claims. Empty: Tryton's default."
    )


def read_options(variables: Mapping[str, str]) -> Options:
    """Return the options in *variables* (text by name in lower case).

    Raises `SettingError` for the first one that is wrong, missing or unknown.
    """
    options = read_declared(Options, variables)
    address = urlsplit(options.url)
    if is_this_machine(address.hostname or ""):
        return options
    if address.scheme == "http" and options.unencrypted == "no":
        raise SettingError(
            f"SATCHEL_ERP_URL: the connection to {address.hostname} is not encrypted, and the password would "
            "cross the network. Write https://, or, if the network is trusted, set SATCHEL_ERP_UNENCRYPTED=yes"
        )
    require_uncommon("SATCHEL_ERP_PASSWORD", options.password, options.user)
    return options
