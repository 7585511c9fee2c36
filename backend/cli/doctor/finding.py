"""What `satchel doctor` finds: one line of its report."""

from typing import NamedTuple

GOOD, WARN, BAD = "[green]ok[/green]", "[yellow]look[/yellow]", "[red]wrong[/red]"


class Finding(NamedTuple):
    """One line of the report; `advice` says what to do about it."""

    verdict: str
    subject: str
    words: str
    advice: str = ""
