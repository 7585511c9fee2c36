"""Why a receipt is refused: the codes that the confined process may report, and what the rep reads.

The confined process handles hostile files. So it chooses one of these codes, and its own words are never shown.
"""

from enum import StrEnum

from sync_protocol.sentence import sentence


class Refusal(StrEnum):
    """Why a receipt cannot be used; `sentence` completes "The receipt cannot be used: …"."""

    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    ANIMATED = "animated"
    ENCRYPTED = "encrypted"
    ACTIVE = "active"
    EMPTY = "empty"
    TOO_COSTLY = "too_costly"

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in words for the rep."""
        return sentence(f"receipt_{self.value}")
