"""All mutants, in the order in which docs/mutants.md shows them."""

from tests.mutants.table.cells import CELLS
from tests.mutants.table.clocks import CLOCKS
from tests.mutants.table.console import CONSOLE
from tests.mutants.table.device import DEVICE
from tests.mutants.table.documents import DOCUMENTS
from tests.mutants.table.erp import READING
from tests.mutants.table.exposure import EXPOSURE
from tests.mutants.table.feed import FEED
from tests.mutants.table.forwarding import FORWARDING
from tests.mutants.table.hostile import HOSTILE
from tests.mutants.table.money import MONEY
from tests.mutants.table.office import PARKED_DOCUMENTS
from tests.mutants.table.operation import OPERATION
from tests.mutants.table.pages import PAGES
from tests.mutants.table.people import PEOPLE
from tests.mutants.table.prices import PRICES
from tests.mutants.table.rates import LIMITS
from tests.mutants.table.receipts import RECEIPTS
from tests.mutants.table.requirements import REQUIREMENTS
from tests.mutants.table.restores import RESTORES
from tests.mutants.table.security import SECURITY
from tests.mutants.table.tokens import TOKENS
from tests.mutants.table.web_server import WEB_SERVER

MUTANTS = [
    *FEED,
    *PAGES,
    *DEVICE,
    *DOCUMENTS,
    *RESTORES,
    *FORWARDING,
    *PARKED_DOCUMENTS,
    *EXPOSURE,
    *READING,
    *CELLS,
    *CLOCKS,
    *OPERATION,
    *WEB_SERVER,
    *MONEY,
    *PRICES,
    *SECURITY,
    *RECEIPTS,
    *REQUIREMENTS,
    *HOSTILE,
    *LIMITS,
    *TOKENS,
    *PEOPLE,
    *CONSOLE,
]
