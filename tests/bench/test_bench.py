"""The bench works, with tiny data and every system that needs no installation; no test looks at a time.

The bench itself counts what each client fetched, and stops if a number is not the expected one.
"""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.database.core import Sessions
from sync_protocol.catalogue import COLLECTIONS
from tests.bench import records
from tests.bench.company import TERRITORIES, WAREHOUSES, reps
from tests.bench.parts import day, drain, forwarding, parts, threads, turns
from tests.bench.parts.drain_tryton import drain_tryton
from tests.bench.phone.data import QUERIES, SHOWN, app_records
from tests.bench.phone.slow_processor import slowed
from tests.bench.report import aims, page, tables
from tests.bench.sizes import Sizes
from tests.bench.stages import Run
from tests.bench.systems import feed_copy
from tests.bench.systems.satchel import publish_all
from tests.databases import engine_of, prepared
from tests.services import PostgresServer, TrytonServer

TINY = Sizes(
    records=400, reps=5, processes=1, threads=8, repeats=1, deltas=2, idle_seconds=1, connections=2, orders=10,
    push_rounds=2, push_orders=10, batch=5, small=200, large=400, fixed_delta=12,
)  # fmt: skip


@pytest.mark.full
def test_every_part_can_be_measured(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATCHEL_SEGMENT_ROWS", "20")
    names = ["satchel", "granian", "handwritten", *(["static"] if shutil.which("nginx") else [])]
    parts = ["first", "idle", "fixed", "delta", "push"]
    measured = {"first", "idle", "fixed", "delta", "push1", "push2", "push4"}
    try:
        results = Run(postgres_server, tmp_path, TINY, names, parts).everything()
    finally:
        for name in ("satchel", "handwritten"):
            postgres_server.drop_database(f"{name}_{TINY.records}")
    assert set(results["main"]) >= {*names, "reference", "rows"}
    for name in ("satchel", "granian", "handwritten"):
        assert set(results["main"][name]) == measured
    page_text = tables.markdown({**results, "about": page.measured_on(TINY.records)})
    assert "| idle polls a second |" in page_text and "| orders pushed a second by four phones |" in page_text
    named = {row[0] for row in aims.rows(results)}
    assert named >= {
        "… two phones at once",
        "… under granian",
        "server CPU of a pushed order over the hand-written one's",
    }


@pytest.mark.full
def test_threads_can_be_measured(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "THREADS", (1, 2))
    sizes = replace(TINY, fresh=TINY.records)
    try:
        results = Run(postgres_server, tmp_path, sizes, ["satchel"], ["threads"]).everything()
    finally:
        postgres_server.drop_database(f"satchel_{sizes.fresh}")
    assert list(results["threads"]) == ["gunicorn 1", "gunicorn 2", "granian 1", "granian 2"]
    assert "| gunicorn 1 |" in tables.markdown({**results, "about": ""})


def test_a_part_that_fails_leaves_the_others(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run: Run) -> None:
        raise RuntimeError("no answer")

    monkeypatch.setattr(Run, "_commands", fail)
    monkeypatch.setattr(Run, "_fresh", lambda run: run.results.update(next="measured"))
    run = Run(postgres_server, tmp_path, TINY, ["satchel"], ["commands", "fresh"])
    results = run.everything()
    assert results["failed"] == {"commands": "RuntimeError: no answer"}
    assert results["next"] == "measured"
    assert "an error stopped them: commands" in tables.markdown({"about": "", **results})


@pytest.mark.full
def test_a_day_can_be_played(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "LINES", day.LINES[:1])
    run = Run(postgres_server, tmp_path, replace(TINY, day=400), ["satchel"], ["day"])
    results = run.everything()
    assert "failed" not in results
    assert results["day"]["no fault"]["twice"] == 0


@pytest.mark.full
def test_the_phone_app_can_be_measured(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """It raises unless the phone has every record and each key was answered."""
    sizes = replace(TINY, app=300, app_repeats=1, app_queries=1)
    try:
        results = Run(postgres_server, tmp_path, sizes, ["satchel"], ["app"]).everything()
    finally:
        postgres_server.drop_database("bench_app")
    assert "failed" not in results
    app = results["app"]
    assert app["first_sync"]["rows"] > sizes.app and app["first_screen"]["line"]["bytes"] > 0
    assert {(row["place"], row["slow"], row["language"]) for row in app["keystrokes"]} == {
        (place, slow, language)
        for place in ("search", "customers")
        for slow in ("no", "page", "all")
        for language in QUERIES
    }
    page_text = tables.markdown({**results, "about": ""})
    assert "| phone app: everything offline |" in page_text
    assert "| list of customers | Chinese | page and worker 6× slower |" in page_text


def test_the_phones_records_are_valid_and_some_are_found_by_pinyin() -> None:
    data = list(app_records(300))
    assert [collection for collection, _ in data] == [name for name in SHOWN for _ in range(100)]
    assert [fault for collection, record in data for fault in COLLECTIONS[collection].faults(record)] == []
    assert sum("search" in record for _, record in data) == 40


def test_a_slowed_process_continues_afterwards() -> None:
    program = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        with slowed([process.pid], 6):
            process.stdin.write("during\n")
            process.stdin.flush()
            assert process.stdout.readline() == "during\n"
        assert process.communicate("after\n", timeout=60)[0] == "after\n"


def test_no_system_sends_fewer_rows_than_changed_and_only_peers_send_more() -> None:
    assert parts.surplus_of("kinto", 208, 200) == 8
    assert parts.surplus_of("satchel", 200, 200) == 0
    for name, rows in (("kinto", 199), ("handwritten", 0), ("satchel", 199), ("satchel", 201)):
        with pytest.raises(RuntimeError, match=f"{rows} records instead of 200"):
            parts.surplus_of(name, rows, 200)
    fixed = {"rows": 208, "surplus": 8}
    page_text = tables.markdown({"main": {"kinto": {"fixed": fixed}}, "about": page.measured_on(TINY.records)})
    assert "| Kinto | fixed size | 208 | 8 |" in page_text


@pytest.mark.full
def test_a_queue_can_be_drained(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """It raises unless each order is in the ERP once and in the sequence of its customer."""
    figures = drain.drain(postgres_server, tmp_path, replace(TINY, drain=8))
    assert figures["orders"] == 8 and 0 < figures["share"] <= 1
    page_text = tables.markdown({"drain": figures, "about": page.measured_on(TINY.records)})
    assert "| orders forwarded a second over what the ERP can take |" in page_text


def test_the_cost_of_forwarding_an_order_can_be_measured(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    figures = forwarding.forward(postgres_server, tmp_path, replace(TINY, forward=5))
    assert figures["orders"] == 5 and figures["statements"] > 5 and figures["cpu"] > 0
    page_text = tables.markdown({"forward": figures, "about": page.measured_on(TINY.records)})
    assert "| statements to forward an order |" in page_text


@pytest.mark.full
def test_a_queue_can_be_drained_into_tryton(
    tryton_server: TrytonServer, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with tryton_server.fresh("bench_drain") as server:
        figures = drain_tryton(server, postgres_server, tmp_path, replace(TINY, drain_tryton=4))
    assert figures["orders"] == 4 and figures["share"] > 0
    assert "Tryton's own limit" in tables.markdown({"tryton": figures, "about": page.measured_on(TINY.records)})


def test_the_data_set_has_the_sizes_of_the_aims() -> None:
    data = list(records.records(2_000))
    assert [collection for collection, _ in data].count("stock_levels") == 800
    faults = [fault for collection, record in data for fault in COLLECTIONS[collection].faults(record)]
    after = [fault for c, record in data for fault in COLLECTIONS[c].faults(records.changed(c, record, 3))]
    assert faults == after == []
    assert {r["warehouse_id"] for c, r in data if c == "stock_levels"} == set(WAREHOUSES)
    assert {r["territory"] for c, r in data if c == "customers"} == set(TERRITORIES)
    for rep in reps(12):
        visible = sum(records.is_visible_to(rep, *item) for item in data)
        assert visible == records.visible_count(rep, 2_000) - len(list(records.master_data()))
        assert visible == pytest.approx(1_200, abs=20)


def test_a_copied_feed_equals_a_published_feed(postgres_server: PostgresServer) -> None:
    """Only the positions differ: publishing leaves gaps, but their order within a stream is the same."""
    feeds = []
    for name, fill in (("copied", feed_copy.fill), ("published", publish_all)):
        sessions = prepared(postgres_server.create_database(f"bench_{name}"))
        fill(sessions, list(records.records(1_500)))
        feeds.append((_rows(sessions), _streams(sessions)))
        engine_of(sessions).dispose()
        postgres_server.drop_database(f"bench_{name}")
    assert feeds[0] == feeds[1]
    assert len(feeds[0][0]) == 1_500


def _rows(sessions: Sessions) -> list[tuple[object, ...]]:
    with sessions() as session:
        query = text("SELECT channel, collection, key, body, hash, parent FROM feed ORDER BY 1, 2, 3")
        return [tuple(row) for row in session.execute(query)]


def _streams(sessions: Sessions) -> list[tuple[object, ...]]:
    """Return each stream's count and sum, and whether its head is the position of its newest row."""
    query = """
        SELECT s.channel, s.collection, s.floor, s.rows, s.sum, s.head = max(f.position), s.head <= h.position
        FROM feed_stream s JOIN feed f USING (channel, collection) CROSS JOIN feed_head h
        GROUP BY s.channel, s.collection, h.position ORDER BY 1, 2
    """
    with sessions() as session:
        streams = [tuple(row) for row in session.execute(text(query))]
    assert all(row[5] and row[6] for row in streams)
    return streams


def test_a_ratio_is_the_median_of_the_rounds_and_its_spread_their_quartiles() -> None:
    above, below = (
        turns.medians([{"seconds": seconds} for seconds in rounds])
        for rounds in ([2.0, 60.0, 4.0, 9.0, 5.0], [1.0, 10.0, 1.0, 3.0, 1.0])
    )
    assert turns.ratio(above, below, "seconds") == 4.0
    assert turns.spread(above, below, "seconds") == (3.0, 5.0)


def test_an_environment_variable_sets_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_ORDERS", "7")
    assert Sizes.from_environment() == replace(Sizes(), orders=7)
