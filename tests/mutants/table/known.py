"""The test that plays one known history, which `only` chooses; apart because three tables name it."""

KNOWN = (
    "tests/stateful/search/test_known_histories.py::test_after_a_known_history_every_replica_equals_the_server"
)
