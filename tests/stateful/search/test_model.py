"""The deep search, without a database."""

from tests.stateful.search.model_answers import ModelServer
from tests.stateful.search.searching import both_kinds, examples, search


def test_the_rules_keep_every_promise() -> None:
    search(ModelServer, both_kinds, examples(60))
