"""The result of a run of the rig."""

from dataclasses import dataclass, field

FINDINGS = ("lost", "doubled", "leaked", "differing", "waiting")
"""The fields of a result that must be zero."""


@dataclass
class RunResult:
    """The result of a run with *faults* (their names)."""

    faults: list[str]
    captured: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Documents that are not in the ERP."""
    doubled: int = 0
    """Documents that are in the ERP more than once, and documents of the ERP that nobody captured."""
    leaked: int = 0
    """Documents of another rep that reached a phone."""
    differing: int = 0
    """Documents that are in the ERP once, but half done, with another amount or another state on the phone."""
    waiting: int = 0
    """Phones that still wait for something when the time is up."""
    seconds: float = 0.0
    """From healing until every phone had converged."""
    messages: list[str] = field(default_factory=list)
    """What is wrong, in sentences for a person."""
