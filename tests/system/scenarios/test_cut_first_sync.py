"""A first sync that is cut again and again ends with the server's data, and fetches hardly anything twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from sync_protocol.device.device import Device
from tests.bench.company import reps
from tests.bench.lab import Lab
from tests.bench.sizes import Sizes
from tests.bench.systems.satchel import SatchelSystem
from tests.services import PostgresServer
from tests.services.proxy import Proxy

CUTS = 20
SIZES = replace(Sizes(), records=30_000, reps=1, processes=1)


def test_a_first_sync_cut_twenty_times_fetches_less_than_a_twentieth_twice(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nearly everything is in segments, as in a company of full size: a page that is cut must be fetched again.
    monkeypatch.setenv("SATCHEL_SEGMENT_ROWS", "100")
    lab = Lab(postgres_server, tmp_path, SIZES)
    satchel = SatchelSystem(postgres_server, tmp_path / "satchel", SIZES, fast=True, database="cut_first_sync")
    try:
        satchel.fill(lab.reps, lab.data)
        with lab.running(satchel):
            uncut, needed = _first_sync(lab, satchel, tmp_path / "whole", cut_bytes=None)
            # The cuts are spread evenly over the whole download.
            cut, fetched = _first_sync(lab, satchel, tmp_path / "cut", cut_bytes=needed // (CUTS + 1))
        expected = _granted(satchel)
    finally:
        satchel.stop()
        postgres_server.drop_database("cut_first_sync")
    assert uncut == expected
    assert cut == expected
    assert fetched < needed * 1.05


def _first_sync(
    lab: Lab, satchel: SatchelSystem, folder: Path, cut_bytes: int | None
) -> tuple[set[tuple[str, str, str]], int]:
    """Return the records of a new device after its first sync, and the bytes that it received for them."""
    with Proxy(satchel.port) as proxy, Device(folder, sleep=lambda seconds: None, zone="UTC") as device:
        device.enrol(satchel.reference(lab.reps[0]).options["code"], f"http://127.0.0.1:{proxy.port}")
        enrolled = proxy.down
        if cut_bytes:
            proxy.cut(down=cut_bytes, times=CUTS)
        report = device.sync_until_done(tries=CUTS + 1)
        assert report.problem is None and report.complete and report.verified
        assert proxy.cuts == (CUTS if cut_bytes else 0)
        rows = device.db.rows("SELECT collection, key, body FROM record")
        return {(row[0], row[1], row[2]) for row in rows}, proxy.down - enrolled


def _granted(satchel: SatchelSystem) -> set[tuple[str, str, str]]:
    """Return the server's records in the channels of the device's rep."""
    channels = ["everyone", *reps(1)[0].channels]
    query = text("SELECT collection, key, body FROM feed WHERE channel = ANY(:channels) AND body IS NOT NULL")
    with satchel.sessions() as session:
        return {(row[0], row[1], row[2]) for row in session.execute(query, {"channels": channels})}
