"""`satchel rep limit`: what a rep may grant in an order. The phone gets it with the next sync.

Separate from `rep.py`, which is long.
"""

import click
from sqlalchemy.orm import Session

from backend.cli.context import audited, console
from backend.cli.named import require_rep
from backend.cli.refusal import CannotRun
from backend.feed.changes import live
from backend.feed.publication import queue
from sync_protocol.catalogue.price_limits import PRICE_LIMITS
from sync_protocol.change import Gone, Put
from sync_protocol.json_types import NewRecord


def publish_limit(
    session: Session,
    rep: str,
    discount: str,
    *,
    exceptions: tuple[NewRecord, ...] = (),
    free_of_charge: bool = False,
    above_list: bool = False,
    without_list_price: bool = False,
) -> None:
    """Set what *rep* may grant; *discount* is in percent. Raises `CannotRun` if it is not valid."""
    record: NewRecord = {
        "id": rep,
        "max_discount_percent": discount,
        "exceptions": list(exceptions),
        "free_of_charge": free_of_charge,
        "above_list": above_list,
        "without_list_price": without_list_price,
    }
    faults = PRICE_LIMITS.faults(record)
    if faults:
        raise CannotRun(f"{faults[0].field}: {faults[0].message}")
    queue(session, (PRICE_LIMITS.name, rep), lambda: Put(PRICE_LIMITS.name, rep, record))


def remove_limit(session: Session, rep: str) -> None:
    """Let *rep* grant anything; raises `CannotRun` if nothing limits the rep."""
    if live(session, PRICE_LIMITS.name, rep) is None:
        raise CannotRun(f"nothing limits the prices of {rep}")
    queue(session, (PRICE_LIMITS.name, rep), lambda: Gone(PRICE_LIMITS.name, rep))


@click.command("limit")
@click.argument("id")
@click.option("--discount", metavar="PERCENT", help="Greatest discount from the list price, such as 7.5.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    type=(str, str, str),
    metavar="CUSTOMERS PRODUCTS PERCENT",
    help="Another discount for a group of customers and of products; * is every group. May be repeated.",
)
@click.option("--free-of-charge", is_flag=True, help="The rep may give goods away.")
@click.option("--above-list", is_flag=True, help="Prices may be above the list price.")
@click.option("--without-list-price", is_flag=True, help="The rep may name a price that no list has.")
@click.option("--none", is_flag=True, help="Remove the limit: prices are not checked.")
def limit(
    id: str, discount: str | None, groups: tuple[tuple[str, str, str], ...], none: bool, **flags: bool
) -> None:
    """Set what a rep may grant in an order. Orders beyond that wait for the office."""
    if none is (discount is not None):
        raise click.UsageError("give either --discount or --none")
    with audited("rep.limit", id, discount=discount, groups=groups, **flags) as session:
        require_rep(session, id)
        if discount is None:
            remove_limit(session, id)
        else:
            publish_limit(session, id, discount, exceptions=_exceptions(groups), **flags)
    granted = f"{id} may grant {discount} %" if discount else f"Nothing limits the prices of {id}"
    console.print(granted, highlight=False)


def _exceptions(groups: tuple[tuple[str, str, str], ...]) -> tuple[NewRecord, ...]:
    return tuple(
        {
            "customer_group": None if customers == "*" else customers,
            "product_group": None if products == "*" else products,
            "max_discount_percent": percent,
        }
        for customers, products, percent in groups
    )
