"""The reps of the sample company: one for each territory, each with the warehouse that serves it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleRep:
    """A rep; `employee_number` is the ERP's."""

    id: str
    name: str
    territory: str
    warehouse: str
    employee_number: str


REPS: tuple[SampleRep, ...] = (
    SampleRep("R1", "Anja Petersen", "NE", "W1", "E1001"),
    SampleRep("R2", "Jonas Bergmann", "NW", "W1", "E1002"),
    SampleRep("R3", "Marta Kowalska", "E", "W1", "E1003"),
    SampleRep("R4", "Luc Delacroix", "W", "W2", "E1004"),
    SampleRep("R5", "Selin Aydin", "SE", "W2", "E1005"),
    SampleRep("R6", "Tomás Herrera", "SW", "W2", "E1006"),
)

TERRITORIES: tuple[str, ...] = tuple(rep.territory for rep in REPS)
WAREHOUSE_OF: dict[str, str] = {rep.territory: rep.warehouse for rep in REPS}
