"""Who breaks the contract reads sentences about the connector: the rule, what was expected, what it gave."""

import ast
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import backend.erp.testing
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.testing import ConnectorContract, RuleBroken
from sync_protocol.submission import State
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture


class BrokenConnector:
    """The flat-file connector with one method replaced; that method gets the real connector first."""

    def __init__(self, connector: Connector, method: str, broken: Callable[..., Any]) -> None:
        self._connector, self._method, self._broken = connector, method, broken

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._connector, name)
        return lambda *arguments: self._broken(self._connector, *arguments)


class BrokenErp:
    """The fixture of the flat-file connector whose connectors are broken."""

    def __init__(self, files: FlatFileFixture, method: str, broken: Callable[..., Any]) -> None:
        self._files, self._method, self._broken = files, method, broken

    def connect(self) -> Any:
        return BrokenConnector(self._files.connect(), self._method, self._broken)

    def connect_dead(self) -> Any:
        return BrokenConnector(self._files.connect_dead(), self._method, self._broken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)


def omits_a_key(real: Connector, collection: str) -> list[str]:
    return list(real.keys(collection))[1:]


def never_ends(real: Connector, collection: str, watermark: str | None, limit: int) -> Any:
    return replace(real.read(collection, None, limit), more=True)


def gives_a_number_as_name(real: Connector, collection: str, watermark: str | None, limit: int) -> Any:
    page = real.read(collection, watermark, limit)
    return replace(page, records=tuple({**record, "name": 7} for record in page.records))


def knows_every_collection(real: Connector, collection: str, *arguments: Any) -> Any:
    return real.read("customers" if collection == "moon_phases" else collection, *arguments)


def raises_a_key_error(real: Connector, collection: str, *arguments: Any) -> Any:
    if collection == "moon_phases":
        raise KeyError(collection)
    return real.read(collection, *arguments)


def finds_nothing(real: Connector, kind: str, key: str) -> list[Any]:
    return []


def finds_it_twice(real: Connector, kind: str, key: str) -> list[Any]:
    return [*real.find(kind, key), *real.find(kind, key)]


def promises_too_early(real: Connector, document: Any, erp_document: Any) -> Any:
    return replace(real.advance(document, erp_document), state=State.ACCEPTED, number=None)


def loses_answers(real: Connector) -> list[Any]:
    return []


def is_always_well(real: Connector) -> Any:
    return replace(real.check(), problems=())


def says_config(real: Connector, *arguments: Any) -> Any:
    raise ErpError(ErrorClass.CONFIG, "no route to host")


def has_no_quiet_period(real: Connector) -> Any:
    return replace(real.capabilities(), quiet_seconds=0)


CONTRACT = ConnectorContract
Case = tuple[str, Callable[..., Any], Callable[..., None], tuple[Any, ...], str, str, str]
CASES: list[Case] = [
    (
        *("keys", omits_a_key, CONTRACT.test_keys_lists_what_reading_gives, ()),
        *("deleted on all phones", " keys", "missing: "),
    ),
    (
        *("read", gives_a_number_as_name, CONTRACT.test_every_record_fits_the_schema_of_its_collection, ()),
        *("gives records that fit the schema", "docs/reference/catalogue.md", "name: "),
    ),
    (
        *("read", knows_every_collection, CONTRACT.test_an_unknown_collection_is_a_clear_error, ()),
        *("read() of a collection that the connector does not read", "CONFIG", "The connector returned: "),
    ),
    (
        *("read", raises_a_key_error, CONTRACT.test_an_unknown_collection_is_a_clear_error, ()),
        *("read() of a collection that the connector does not read", "CONFIG", "raised: KeyError"),
    ),
    (
        *("find", finds_nothing, CONTRACT.test_find_is_empty_before_create_and_one_after, ("order",)),
        *("find('order', key) gives the document that create() has created", "exactly one", "0: []"),
    ),
    (
        *("find", finds_it_twice, CONTRACT.test_submitting_twice_creates_one, ("order",)),
        *("find('order', key) gives the document", "exactly one", "2: ["),
    ),
    (
        *("advance", promises_too_early, CONTRACT.test_a_document_reaches_its_end_with_a_number, ("order",)),
        *("with the ERP's number and id", "a number and an external_id", "number=None"),
    ),
    (
        *("acknowledgements", loses_answers, CONTRACT.test_acknowledgements_stay_until_they_are_confirmed, ()),
        *("acknowledgements() gives the ERP's answer once", "exactly one", "0: []"),
    ),
    (
        *("check", is_always_well, CONTRACT.test_a_dead_erp_is_never_a_success, ()),
        *("check() finds that the ERP does not answer", "with problems", "without problems"),
    ),
    (
        *("find", says_config, CONTRACT.test_a_dead_erp_is_never_a_success, ()),
        *("find() of an ERP that does not answer fails", "TRANSIENT or UNKNOWN", "CONFIG: no route to host"),
    ),
    (
        *("capabilities", has_no_quiet_period),
        *(CONTRACT.test_capabilities_name_collections_and_kinds_of_the_catalogue, ()),
        *("capabilities().quiet_seconds says how long", "more than 0", "0"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1].__name__}")
def test_a_broken_rule_is_a_sentence_about_the_connector(files: FlatFileFixture, case: Case) -> None:
    method, broken, test, more, rule, expected, actual = case
    erp = BrokenErp(files, method, broken)
    names = test.__code__.co_varnames[: test.__code__.co_argcount]
    arguments = {"erp": erp, "connector": erp.connect()}
    with closing(arguments["connector"]), pytest.raises(RuleBroken) as failure:
        test(CONTRACT(), *(arguments[name] for name in names if name in arguments), *more)
    message = str(failure.value)
    first, second, *rest = message.splitlines()
    assert rule in first and first.endswith(".")
    assert second.startswith("  Expected: ") and expected in second
    assert rest and rest[0].startswith("  The connector ") and actual in rest[0]


def test_reading_that_does_not_end_is_told_apart_from_a_slow_one(
    files: FlatFileFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.erp.testing.reading.MAX_PAGES", 20)
    erp = BrokenErp(files, "read", never_ends)
    with closing(erp.connect()) as connector, pytest.raises(RuleBroken, match="does its watermark move"):
        CONTRACT().test_every_record_fits_the_schema_of_its_collection(connector)


def test_the_contract_has_no_bare_assert() -> None:
    """A bare assert shows an expression of this suite, which a writer of a connector does not know."""
    for path in Path(backend.erp.testing.__file__).parent.glob("*.py"):
        bare = [node.lineno for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)]
        assert not bare, f"{path.name}: {bare}"
