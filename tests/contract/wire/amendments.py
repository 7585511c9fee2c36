"""The chapter of the story with amendments: a withdrawal and a change request."""

from typing import Any

from tests.unit.sync import company

ORDER, WITHDRAWAL, LATE, REQUEST = (f"01KBR9YJ3N00000000000000{n:02}" for n in range(1, 5))


def play(story: Any) -> None:
    """Play it: an order is withdrawn, then a withdrawal and a change request are refused."""

    def withdrawal(id: str, of: str) -> dict[str, Any]:
        body = {"submission_id": of, "reason": "The customer called"}
        return company.submission(id, body, "withdrawal", schema=2, supersedes=of)

    order = company.submission(ORDER, company.order_body())
    description = "An order, and its withdrawal: a document of its own, which is done once it is received."
    documents = [order, withdrawal(WITHDRAWAL, ORDER)]
    story.ask("push-withdraw", description, "POST", "/v1/push", body={"submissions": documents})
    body = {"submission_id": ORDER, "action": "cancel", "message": "The customer called"}
    request = company.submission(REQUEST, body, "change_request", schema=2)
    description = (
        "What was withdrawn cannot be changed; and a withdrawal names in `supersedes` what its body names."
    )
    inconsistent = {**withdrawal(LATE, ORDER), "supersedes": None}
    story.ask(
        "push-amendment-refused", description, "POST", "/v1/push", body={"submissions": [inconsistent, request]}
    )
