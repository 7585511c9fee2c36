"""All mutants, in the order in which docs/mutants.md shows them."""

from tests.mutants.table.device import DEVICE
from tests.mutants.table.documents import DOCUMENTS
from tests.mutants.table.erp import READING
from tests.mutants.table.feed import FEED
from tests.mutants.table.forwarding import FORWARDING
from tests.mutants.table.office import PARKED_DOCUMENTS
from tests.mutants.table.pages import PAGES

MUTANTS = [*FEED, *PAGES, *DEVICE, *DOCUMENTS, *FORWARDING, *PARKED_DOCUMENTS, *READING]
