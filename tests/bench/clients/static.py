"""The client of the static file: one GET of a gzip file with one record per line."""

import gzip
import json
from typing import Any

from tests.bench.clients.client import Address, Replica
from tests.bench.clients.wire import Wire


class StaticClient:
    """Fetches and decodes the file; a file offers nothing else."""

    def __init__(self, address: Address) -> None:
        self.wire = Wire(address.port)
        self.headers = address.headers
        self.path = address.options["path"]
        self.state: Any = None

    def first_sync(self) -> Replica:
        replica: Replica = {}
        data = gzip.decompress(self.wire.ask("GET", self.path, self.headers).body).decode()
        for line in data.splitlines():
            collection, record = json.loads(line)
            replica[collection, record["id"]] = record
        return replica
