"""Credit."""

from sync_protocol.channel import follows
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Currency, Date, Instant, Key, Money
from sync_protocol.presentation import ListView


class CreditSchema(RecordSchema):
    id = Key(required=True)
    customer_id = Key(required=True, references="customers")
    currency = Currency(required=True)
    limit = Money(required=True, allow_none=True)
    """Null if no limit is set."""
    exposure = Money(required=True)
    """Open orders and open invoices together."""
    overdue = Money(required=True)
    oldest_due_date = Date(required=True, allow_none=True)
    as_of = Instant(required=True)
    """When these figures were first read; `freshness` has the time of the last confirmation."""


CREDIT = Collection(
    name="credit",
    summary="Credit limit, exposure and overdue amount of a customer.",
    schema=CreditSchema,
    channel=follows("customers", via="customer_id"),
    priority=7,
    volatile=("as_of",),
    columns=("id", "customer_id", "limit", "exposure", "overdue", "currency"),
    view=ListView(title="customer_id", sort=(("overdue", "descending"),)),
)
