"""The reps and their channels: fifty reps, twelve territories, four warehouses.

A rep subscribes to `everyone`, three warehouses and four territories: six tenths of all records.
"""

from dataclasses import dataclass

TERRITORIES = tuple(f"T{n:02}" for n in range(1, 13))
WAREHOUSES = ("W1", "W2", "W3", "W4")


@dataclass(frozen=True)
class BenchRep:
    """A rep with their territories and warehouses."""

    id: str
    territories: tuple[str, ...]
    warehouses: tuple[str, ...]

    @property
    def channels(self) -> list[str]:
        """Return the channels that the rep is assigned to; `everyone` needs no assignment."""
        return [f"territory:{name}" for name in self.territories] + [f"warehouse:{n}" for n in self.warehouses]


def reps(count: int) -> list[BenchRep]:
    """Return *count* reps."""
    return [
        BenchRep(
            f"R{n + 1:02}",
            tuple(TERRITORIES[(n + step) % len(TERRITORIES)] for step in range(4)),
            tuple(name for m, name in enumerate(WAREHOUSES) if m != n % len(WAREHOUSES)),
        )
        for n in range(count)
    ]
