"""The property of a device, in Chromium: whatever happens, it converges to the server's view, and loses
nothing.
"""

import pytest
from playwright.sync_api import Browser

from tests.browser.device.histories import STEPS, drawn, history, play

SEEDS = range(1, 4)
WRITTEN = ["put", "put", "put", "order", "claim", "sync"]
LOST = [*WRITTEN, "deliver", "sync", "restore", "sync", "order", "restore"]
"""The server loses documents and records that it had, twice, the second time before the phone has asked."""
EVERY = [*WRITTEN, *STEPS, *reversed(STEPS)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_history_ends_as_the_server_says(browser: Browser, seed: int) -> None:
    play(browser, seed, drawn(seed, 25))


def test_a_server_that_lost_documents_gets_them_again(browser: Browser) -> None:
    play(browser, 11, LOST)


def test_every_step_in_both_orders_ends_as_the_server_says(browser: Browser) -> None:
    """So that none is left to the draw."""
    play(browser, 12, EVERY)


def test_the_check_notices_a_lost_document_and_a_wrong_record(browser: Browser) -> None:
    """The check itself: a document that only the phone thinks was sent, and a record that the server has
    not.
    """
    with history(browser, 13) as played:
        for step in WRITTEN:
            played.take(step)
        played.server.documents.popitem()
        with pytest.raises((AssertionError, KeyError)):
            played.settle()
    with history(browser, 14) as played:
        for step in WRITTEN:
            played.take(step)
        played.captured["01KBR9YJ3M0000000000000001"] = {"n": 0}
        with pytest.raises((AssertionError, KeyError)):
            played.settle()
