"""The client of each system. Only the one that is needed is loaded, because its memory is measured."""

import importlib

from tests.bench.clients.client import Address, Client

CLIENTS = {
    "satchel": "SatchelClient",
    "reference": "ReferenceClient",
    "kinto": "KintoClient",
    "handwritten": "HandwrittenClient",
    "static": "StaticClient",
}


def client_for(address: Address) -> Client:
    """Return a client for *address*."""
    module = importlib.import_module(f"tests.bench.clients.{address.client}")
    client: Client = getattr(module, CLIENTS[address.client])(address)
    return client
