"""The part of the story in which the rep withdraws an order and asks for a change."""

from typing import Any

from tests.unit.sync import company

ORDER, WITHDRAWAL, LATE, REQUEST = (f"01KBR9YJ3N00000000000000{n:02}" for n in range(1, 5))


def tell(story: Any) -> None:
    """Withdraw an order; then send a withdrawal and a change request that are refused."""

    def withdrawal(id: str, of: str) -> dict[str, Any]:
        body = {"submission_id": of, "reason": "The customer called"}
        return company.submission(id, body, "withdrawal", schema=2, supersedes=of)

    order = company.submission(ORDER, company.order_body())
    about = "An order and its withdrawal, which is a document of its own and takes effect when it is received."
    both = [order, withdrawal(WITHDRAWAL, ORDER)]
    story.ask("push-withdraw", about, "POST", "/v1/push", body={"submissions": both})
    body = {"submission_id": ORDER, "action": "cancel", "message": "The customer called"}
    request = company.submission(REQUEST, body, "change_request", schema=2)
    about = "A withdrawn order cannot be changed; and `supersedes` must name the document that the body names."
    without_supersedes = {**withdrawal(LATE, ORDER), "supersedes": None}
    both = [without_supersedes, request]
    story.ask("push-amendment-refused", about, "POST", "/v1/push", body={"submissions": both})
