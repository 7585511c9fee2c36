"""The deep search, without a database."""

from tests.stateful.search.model import ModelServer
from tests.stateful.search.searching import both_kinds, examples, search


def test_random_histories_end_with_replicas_that_equal_the_model() -> None:
    search(ModelServer, both_kinds, examples(60))
