"""Which client speaks to which contestant."""

from collections.abc import Callable

from tests.bench.clients.client import Address, Client
from tests.bench.clients.handwritten import HandwrittenClient
from tests.bench.clients.kinto import KintoClient
from tests.bench.clients.reference import ReferenceClient
from tests.bench.clients.satchel import SatchelClient
from tests.bench.clients.static import StaticClient

KINDS: dict[str, Callable[[Address], Client]] = {
    "satchel": SatchelClient,
    "reference": ReferenceClient,
    "kinto": KintoClient,
    "handwritten": HandwrittenClient,
    "static": StaticClient,
}
