"""A sample ERP that an earlier version made is upgraded with its data."""

import sqlite3
from pathlib import Path

from backend.connectors.flatfile.files import ALL_FILES
from backend.sample_erp.database import SampleDatabase

EARLIER = """
CREATE TABLE deliveries (id TEXT NOT NULL, order_id TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (id));
CREATE TABLE delivery_lines (delivery_id TEXT NOT NULL, line_no TEXT NOT NULL, product_id TEXT NOT NULL,
    PRIMARY KEY (delivery_id, line_no));
INSERT INTO deliveries VALUES ('D1', 'SO-1', 'LS-1');
INSERT INTO delivery_lines VALUES ('D1', '1', 'P1'), ('D1', '2', 'P2');
"""


def test_tables_with_other_columns_are_upgraded_with_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "sample_erp.sqlite"
    with sqlite3.connect(path) as earlier:
        earlier.executescript(EARLIER)
    for _ in range(2):
        db = SampleDatabase(path)
        lines = [dict(row) for row in db.rows("SELECT * FROM delivery_lines ORDER BY line_no")]
        db.close()
        assert [(line["delivery_id"], line["order_id"], line["product_id"]) for line in lines] == [
            ("D1", "SO-1", "P1"),
            ("D1", "SO-1", "P2"),
        ]
        assert list(lines[0]) == list(ALL_FILES["delivery_lines.csv"].columns)
