"""A sample ERP that is killed at any moment takes each document once and answers it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from ulid import ULID

from backend.connectors.flatfile.adapter import FlatFileConnector
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.submission import State
from tests.eventually import SECONDS
from tests.unit.connectors.flatfile.flatfile_fixture import (
    FlatFileFixture,
    document,
    order_body,
)
from tests.unit.sample_erp.sample_erp_steps import in_the_erp, satchel


@pytest.fixture
def process(files: FlatFileFixture) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Sample ERPs that the test starts; whatever is left of them is killed."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for child in started:
        child.kill()
        child.wait()


def start(files: FlatFileFixture, failpoints: str = "") -> subprocess.Popen[bytes]:
    script = f"from backend.sample_erp import run; run({str(files.folder)!r}, speed=50)"
    environ = {**os.environ, "SATCHEL_FAILPOINTS": failpoints}
    return subprocess.Popen([sys.executable, "-c", script], env=environ)


@pytest.mark.parametrize(
    "point", ["before_commit", "after_commit", "before_ack_manifest", "after_ack", "before_export_manifest"]
)
def test_a_killed_sample_erp_takes_and_answers_a_document_once(
    files: FlatFileFixture, flatfile: FlatFileConnector, process: list[subprocess.Popen[bytes]], point: str
) -> None:
    order = files.order()
    flatfile.create(order)
    process.append(start(files, f"sample_erp.{point}=kill"))
    assert process[-1].wait(SECONDS) == -signal.SIGKILL
    files.work()
    [late] = flatfile.acknowledgements()
    assert late.outcome.state is State.ACCEPTED
    assert files.count("order", order.id) == 1
    assert in_the_erp(flatfile, order)["number"] == late.outcome.number


def test_a_repeatedly_killed_sample_erp_takes_every_document_once(
    files: FlatFileFixture, flatfile: FlatFileConnector, process: list[subprocess.Popen[bytes]]
) -> None:
    chance = random.Random(7)
    orders = [document("order", order_body(), key=str(ULID())) for _ in range(12)]
    for order in orders:
        flatfile.create(order)
        process.append(start(files))
        time.sleep(chance.uniform(0.2, 0.7))
        process[-1].send_signal(signal.SIGKILL)
        process[-1].wait()
    files.work()
    answers = {late.key: late.outcome for late in flatfile.acknowledgements()}
    assert set(answers) == {order.id for order in orders}
    assert {outcome.state for outcome in answers.values()} == {State.ACCEPTED}
    numbers = [outcome.number for outcome in answers.values()]
    assert len(set(numbers)) == len(orders)
    assert [files.count("order", order.id) for order in orders] == [1] * len(orders)
    for collection in ("customers", "orders", "stock_levels"):
        page = flatfile.read(collection, None, 5000)
        assert page.bad == ()
        assert all(COLLECTIONS[collection].faults(dict(record)) == [] for record in page.records)


def test_a_partly_written_export_is_deleted(files: FlatFileFixture) -> None:
    [complete] = (files.folder / "from_erp").iterdir()
    partial = complete.with_name("20200101T000000Z")
    shutil.copytree(complete, partial)
    (partial / "manifest.json").unlink()
    os.utime(partial)
    satchel(files, "rename-customer", "C0002", "Another")
    assert not partial.exists()
    assert complete.exists()
