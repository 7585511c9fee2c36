"""The search on the real server: SQLite, and PostgreSQL with writers that keep their transactions open."""

import pytest

from tests.stateful.search.conditions import MakeServer
from tests.stateful.search.searching import both_kinds, examples, search

# Shrinking takes up to five minutes; a time limit in the midst of it would hide what was found.
pytestmark = pytest.mark.timeout(600)


def test_random_histories_end_with_replicas_that_equal_the_server(on_sqlite: MakeServer) -> None:
    search(on_sqlite, both_kinds, examples(12))


def test_random_histories_end_with_replicas_that_equal_the_server_on_postgresql(
    on_postgresql: MakeServer,
) -> None:
    search(on_postgresql, both_kinds, examples(6))
