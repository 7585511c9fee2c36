"""What came of a run of the rig."""

from dataclasses import dataclass, field

FINDINGS = ("lost", "doubled", "leaked", "differing", "waiting")
"""What a tally counts that should not be."""


@dataclass
class Tally:
    """What came of a run; *faults* is what was done to it."""

    faults: list[str]
    captured: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Documents that are not in the ERP."""
    doubled: int = 0
    """Documents that are there more than once, and documents of the ERP that nobody captured."""
    leaked: int = 0
    """Documents of another rep that reached a phone."""
    differing: int = 0
    """Documents that are there once, but half done, with another amount, or under another name on the phone."""
    waiting: int = 0
    """Phones that still wait for something when the time is up."""
    seconds: float = 0.0
    """From healing until every phone had synced and waited for nothing."""
    words: list[str] = field(default_factory=list)
    """What is wrong, for a person."""
