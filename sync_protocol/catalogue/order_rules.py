"""What a rep should know about an order while the customer is there, and what the ERP would refuse."""

from sync_protocol.errors import ErrorCode
from sync_protocol.rule import REFUSAL, WARNING, Rule, Rules

# A customer that was merged into another is closed; the order goes to the other one.
_CLOSED = ("all", ("equals", "customer.status", "closed"), ("equals", "customer.replaced_by", None))
_BLOCKED = ("any", ("equals", "customer.status", "blocked"), ("equals", "customer.block_order", True))
_OPEN = ("not", ("equals", "customer.status", "closed"))

ORDER_RULES = Rules(
    records={
        "customer": ("customers", "customer_id"),
        "credit": ("credit", "customer_id"),
        "price_list": ("price_lists", "price_list_id"),
        "product": ("products", "line.product_id"),
    },
    rules=(
        Rule(
            "customer_closed", REFUSAL, ErrorCode.CUSTOMER_CLOSED, "customer_id", _CLOSED,
            "order_customer_closed",
        ),
        Rule(
            "customer_blocked", WARNING, ErrorCode.CUSTOMER_BLOCKED, "customer_id", ("all", _OPEN, _BLOCKED),
            "customer_blocked",
        ),
        Rule(
            "delivery_blocked", WARNING, ErrorCode.CUSTOMER_BLOCKED, "customer_id",
            ("all", _OPEN, ("not", _BLOCKED), ("equals", "customer.block_delivery", True)),
            "delivery_blocked",
        ),
        Rule(
            "requested_before_order", REFUSAL, ErrorCode.OUT_OF_RANGE, "requested_date",
            ("before", "requested_date", "order_date"),
            "requested_before_order",
        ),
        Rule(
            "price_list_expired", WARNING, ErrorCode.PRICE_NOT_VALID, "price_list_id",
            ("before", "price_list.valid_to", "order_date"),
            "price_list_expired",
        ),
        Rule(
            "price_list_not_begun", WARNING, ErrorCode.PRICE_NOT_VALID, "price_list_id",
            ("before", "order_date", "price_list.valid_from"),
            "price_list_not_begun",
        ),
        Rule(
            "credit_limit", WARNING, ErrorCode.CREDIT_LIMIT, "customer_id",
            (
                "all",
                _OPEN,
                ("same", "credit.currency", "currency"),
                ("exceeds", ("credit.exposure", "total"), "credit.limit"),
            ),
            "credit_limit",
        ),
        Rule(
            "not_sellable", REFUSAL, ErrorCode.NOT_FOR_SALE, "lines.product_id",
            ("all", ("equals", "product.sellable", False), ("not", ("equals", "product.active", False))),
            "not_sellable",
        ),
        Rule(
            "product_inactive", REFUSAL, ErrorCode.NOT_FOR_SALE, "lines.product_id",
            ("equals", "product.active", False),
            "product_inactive",
        ),
        Rule(
            "price_zero", WARNING, ErrorCode.PRICE_ZERO, "lines.unit_price", ("zero", "line.unit_price"),
            "price_zero",
        ),
    ),
)  # fmt: skip
"""The currency of a credit limit is that of the customer; another currency cannot be compared with it."""
