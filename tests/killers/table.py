"""All killers, in the order in which docs/killers.md shows them."""

from tests.killers.ends import DEVICE, DOCUMENTS
from tests.killers.erp import READING
from tests.killers.forwarding import FORWARDING
from tests.killers.office import PARKED_DOCUMENTS
from tests.killers.server import FEED, PAGES

KILLERS = [*FEED, *PAGES, *DEVICE, *DOCUMENTS, *FORWARDING, *PARKED_DOCUMENTS, *READING]
