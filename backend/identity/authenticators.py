"""Compares an authenticator that was sent with those that this server's secrets make, in constant time."""

import hmac
from collections.abc import Iterable


def is_one_of(sent: str, expected: Iterable[str]) -> bool:
    """Say whether *sent* equals one of *expected*: one for each secret that is still accepted.

    All are compared, so that the time does not tell which secret made it.
    """
    # compare_digest accepts no text beyond ASCII, so compare bytes.
    given = sent.encode("utf-8", "replace")
    equal = [hmac.compare_digest(each.encode(), given) for each in expected]
    return any(equal)
