"""The data set as a file: generated once, read by every system."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from tests.bench import records
from tests.bench.company import TERRITORIES
from tests.bench.records import Record


class DataSet:
    """*total* records in a file in *folder*, parents before what follows them."""

    def __init__(self, folder: Path, total: int) -> None:
        self.total = total
        self._path = folder / f"records-{total}.ndjson"
        if not self._path.exists():
            with self._path.open("w") as file:
                for item in records.records(total):
                    file.write(f"{json.dumps(item, ensure_ascii=False)}\n")

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        with self._path.open() as file:
            for line in file:
                collection, record = json.loads(line)
                yield collection, record

    @cached_property
    def products(self) -> list[str]:
        """Return the keys of the products on sale."""
        return [product["id"] for _, product in self.of("products") if product["active"]]

    @cached_property
    def customers(self) -> dict[str, list[str]]:
        """Return the keys of the customers that may order, by territory."""
        keys: dict[str, list[str]] = {territory: [] for territory in TERRITORIES}
        for _, customer in self.of("customers"):
            if customer["status"] != "closed" and not customer["block_order"]:
                keys[customer["territory"]].append(customer["id"])
        return keys

    def of(self, *collections: str) -> Iterator[tuple[str, Record]]:
        """Yield the records of *collections* alone."""
        return (item for item in self if item[0] in collections)
