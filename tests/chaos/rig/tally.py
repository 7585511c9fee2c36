"""What came of a run of the rig."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """What came of a run; *faults* is what was done to it."""

    faults: list[str]
    captured: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    seconds: float = 0.0
    """From healing until every phone had synced and waited for nothing."""
    words: list[str] = field(default_factory=list)
    """What is wrong, for a person."""
