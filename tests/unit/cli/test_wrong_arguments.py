"""Wrong arguments: one sentence, status 2, and nothing half done."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli.place import Place, assert_refused

BAD_ARGUMENTS = [
    ("rep code", ["R1", "--minutes", "99999999"], "--minutes"),
    ("rep code", ["R1", "--minutes", "0"], "--minutes"),
    ("rep code", ["R9"], "there is no rep R9"),
    ("rep add", ["", "Anja"], "ID"),
    ("rep add", ["R 1", "Anja"], "ID"),
    ("rep add", ["R" * 65, "Anja"], "ID"),
    ("rep add", ["R7", " "], "NAME"),
    ("rep add", ["R7", "x" * 500], "NAME"),
    ("rep add", ["R7", "Anja", "--employee", ""], "--employee"),
    ("rep add", ["R7", "Anja", "--role", "boss"], "there is no role 'boss'"),
    ("rep assign", ["R1", "territory:Nowhere"], "territory:Nowhere"),
    ("rep assign", ["R1", "region:NW"], "region:NW"),
    ("rep assign", ["R9", "territory:NW"], "there is no rep R9"),
    ("rep unassign", ["R1", "territory:SE"], "is not assigned"),
    ("rep role", ["sales", "moon_phases"], "no such collection"),
    ("rep revoke", ["x"], "there is no device x"),
    ("office add", [""], "NAME"),
    ("office add", ["x" * 200], "NAME"),
    ("office add", ["anna", "--role", "boss"], "--role"),
    ("office revoke", ["nobody"], "no active account"),
    ("submissions", ["--state", "nonsense"], "--state"),
    ("submissions", ["--limit", "0"], "--limit"),
    ("submissions", ["--rep", "R9"], "there is no rep R9"),
    ("submissions", ["--rep", ""], "there is no rep"),
    ("rep devices", ["R9"], "there is no rep R9"),
    ("submissions", ["--limit", "x"], "--limit"),
    ("timeline", ["x"], "there is no document x"),
    ("parked list", ["--limit", "-1"], "--limit"),
    ("parked list", ["--owner", "nobody"], "--owner"),
    ("parked show", ["x"], "x"),
    ("parked fix", ["01KB0000000000000000000001", "--file", "/nowhere.json"], "--file"),
    ("feed mismatches", ["--days", "0"], "--days"),
    ("import-unsent", ["BODY"], "body.json"),
    ("import-unsent", ["EXPORT", "--rep", "R2"], "not of R2"),
    ("rep activate", ["R9"], "there is no rep R9"),
    ("rep deactivate", ["R9"], "there is no rep R9"),
    ("ingest read", ["moon_phases"], "moon_phases"),
    ("ingest compare", ["moon_phases"], "moon_phases"),
    ("ingest retry", ["moon_phases"], "moon_phases"),
    ("ingest quarantine", ["moon_phases"], "moon_phases"),
    ("sweep", ["moon_phases"], "moon_phases"),
    ("delivery reconcile", ["--since", "yesterday"], "--since"),
    ("delivery reconcile", ["--except", "x"], "--resume"),
    ("delivery reconcile", ["--resume", "--except", "01KB"], "there is no document 01KB"),
    ("serve", ["--threads", "0"], "--threads"),
    ("serve", ["--only", "moon"], "--only"),
    ("conformance device", ["false", "--only", "x"], "there is no rule x"),
    ("conformance device", ["--seconds", "-1", "--", "false"], "--seconds"),
    ("conformance device", ["/nowhere"], "/nowhere"),
    ("device list", ["moon_phases"], "moon_phases"),
    ("device list", ["customers", "--limit", "0"], "--limit"),
    ("device sync", ["--tries", "0"], "--tries"),
    ("device capture", ["moon", "--file", "BODY"], "KIND"),
    ("device order", ["--customer", "C1", "--line", "P1"], "--line"),
    ("device claim", ["--purpose", "x", "--line", "3"], "--line"),
    ("sample-erp set-limit", ["C0001", "-5"], "-5"),
    ("sample-erp move-customer", ["nobody", "NW"], "nobody"),
]


@pytest.mark.parametrize(("name", "arguments", "word"), BAD_ARGUMENTS, ids=lambda value: str(value)[:40])
def test_a_wrong_argument(set_up: Place, name: str, arguments: list[str], word: str) -> None:
    database = set_up.folder / "instance" / "satchel.sqlite"
    if name == "rep assign":
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(
                "INSERT INTO feed_stream (channel, collection, head, floor, rows, sum)"
                " VALUES ('territory:NW', 'customers', 1, 0, 0, 0)"
            )
            connection.commit()
    before = _content(database)
    assert_refused(set_up.run(name, *arguments), word)
    assert _content(database) == before, "a refused command changes nothing"


def _content(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())
