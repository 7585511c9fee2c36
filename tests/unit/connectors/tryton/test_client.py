"""Whatever comes back, the client answers with a result or with an error that says what may have happened."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from psycopg import sql

from backend.connectors.tryton import http as transport
from backend.connectors.tryton.client import Client
from backend.connectors.tryton.errors import TrytonRefusal
from backend.connectors.tryton.options import Options, read_options
from backend.erp.errors import ErpError, ErrorClass
from tests.services import TrytonServer
from tests.services.process import free_port
from tests.unit.connectors.tryton.garbage_server import Answer, GarbageServer, http, reply
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture

READS, WRITES = "model.sale.sale.search_read", "model.sale.sale.create"


@pytest.fixture
def garbage() -> Iterator[GarbageServer]:
    with GarbageServer() as server:
        yield server


def options_for(url: str, **options: str) -> Options:
    given = {"url": url, "database": "erp", "user": "u", "password": "p", "timeout_seconds": "60", **options}
    return read_options(given)


def client(url: str) -> Client:
    return Client(options_for(url))


def signed_in(url: str, **options: str) -> Client:
    """Return a client with *options* that is signed in: its sign-in has all the time it needs."""
    asking = client(url)
    assert asking.context
    asking._options = options_for(url, **options)
    return asking


def error_of(garbage: GarbageServer, answer: Answer, writes: bool, **options: str) -> ErpError:
    """Return the error that *answer* becomes. The login before it has time, whatever *options* say."""
    garbage.answers = [answer]
    with closing(signed_in(garbage.url, **options)) as asking, pytest.raises(ErpError) as caught:
        asking.call(WRITES if writes else READS, writes=writes)
    return caught.value


def envelope(**members: Any) -> Any:
    """Return an answer with these members beside the right id."""
    return lambda request: http(json.dumps({"id": request["id"], **members}).encode())


def raw(template: str) -> Any:
    """Return an answer of this text, ID standing for the right id."""
    return lambda request: http(template.replace("ID", str(request["id"])).encode())


def zipped(request: Any, spoil: Callable[[bytes], bytes], padding: int = 0) -> bytes:
    """Return a right answer, compressed and then spoilt."""
    right = json.dumps({"id": request["id"], "result": []}) + " " * padding
    return http(spoil(gzip.compress(right.encode())), Content_Encoding="gzip")


UNUSABLE: dict[str, Answer] = {
    "nothing": b"",
    "no HTTP": b"HELLO\r\n\r\n",
    "a page of a proxy": http(b"<html><body>Maintenance</body></html>"),
    "an empty body": http(b""),
    "no UTF-8": http(b"\xff\xfe"),
    "half of a JSON": http(b'{"id": 1, "resu'),
    "a list": http(b"[]"),
    "null": http(b"null"),
    "a wrong id": http(b'{"id": 99999, "result": [1]}'),
    "an id that is true": http(b'{"id": true, "result": [1]}'),
    "no result": envelope(),
    "result and error": envelope(result=[1], error=["UserError", ["x", "", None]]),
    "something beside the result": envelope(result=[1], more=1),
    "an error that is none": envelope(error={"code": 1}),
    "an empty error": envelope(error=[]),
    "not a number": raw('{"id": ID, "result": NaN}'),
    "endless": raw('{"id": ID, "result": Infinity}'),
    "a number of a thousand digits": raw('{"id": ID, "result": 1.' + "9" * 1000 + "}"),
    "an integer of ten thousand digits": raw('{"id": ID, "result": ' + "9" * 10_000 + "}"),
    "an exponent": raw('{"id": ID, "result": 1e999999999}'),
    "depth": raw('{"id": ID, "result": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "an unknown class": raw('{"id": ID, "result": {"__class__": "Evil"}}'),
    "a date that is none": raw(
        '{"id": ID, "result": {"__class__": "date", "year": 2026, "month": 13, "day": 1}}'
    ),
    "a decimal that is none": raw('{"id": ID, "result": {"__class__": "Decimal", "decimal": "NaN"}}'),
    "a decimal that is a number": raw('{"id": ID, "result": {"__class__": "Decimal", "decimal": 5}}'),
    "bytes that are none": raw('{"id": ID, "result": {"__class__": "bytes", "base64": "a"}}'),
    "less than was announced": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    "a gzip whose end is cut off": lambda request: zipped(request, lambda packed: packed[:-4]),
    "a gzip that is none": http(b"plain", Content_Encoding="gzip"),
    "something after the gzip": lambda request: zipped(request, lambda packed: packed + b" "),
    "another encoding": http(zlib.compress(b"{}"), Content_Encoding="deflate"),
    "more than there may be": http(b" " * 2000),
    "an error of the server": http(b"oops", "500 Internal Server Error"),
    "a bad gateway": http(b"<html>", "502 Bad Gateway"),
    "a gateway that gave up": http(b"<html>", "504 Gateway Timeout"),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_answer_is_unknown_for_a_write_and_transient_for_a_read(
    garbage: GarbageServer, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_BYTES", 1500)
    if answer in (UNUSABLE["depth"], UNUSABLE["an integer of ten thousand digits"]):
        monkeypatch.undo()
    assert error_of(garbage, answer, writes=True).error_class is ErrorClass.UNKNOWN
    assert error_of(garbage, answer, writes=False).error_class is ErrorClass.TRANSIENT


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        ("403 Forbidden", ErrorClass.CONFIG),
        ("404 Not Found", ErrorClass.CONFIG),
        ("422 Unprocessable Content", ErrorClass.CONFIG),
        ("302 Found", ErrorClass.CONFIG),
        ("413 Content Too Large", ErrorClass.REJECT_OFFICE),
        ("429 Too Many Requests", ErrorClass.TRANSIENT),
        ("503 Service Unavailable", ErrorClass.TRANSIENT),
    ],
)
@pytest.mark.parametrize("writes", [True, False])
def test_a_status_that_says_it_was_not_executed_is_not_unknown(
    garbage: GarbageServer, status: str, error_class: ErrorClass, writes: bool
) -> None:
    assert error_of(garbage, http(b"no", status), writes).error_class is error_class


def test_retry_after_of_tryton_is_used(garbage: GarbageServer) -> None:
    for status in ("429 Too Many Requests", "503 Service Unavailable"):
        assert error_of(garbage, http(b"", status, Retry_After="30"), writes=True).retry_after == 30
    assert error_of(garbage, http(b"", "503 Busy", Retry_After="soon"), writes=True).retry_after is None


def test_a_slowly_dripping_answer_times_out(garbage: GarbageServer) -> None:
    """Each byte comes in time, the answer does not."""
    garbage.drip_seconds = 0.05
    error = error_of(garbage, reply([]), writes=True, timeout_seconds="0.2")
    assert error.error_class is ErrorClass.UNKNOWN
    assert "did not answer within" in error.message


def test_a_compression_bomb_is_refused(garbage: GarbageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right answer of a few bytes, which unpacked would be larger than the bound."""
    monkeypatch.setattr(transport, "MAX_BYTES", 1500)
    bomb = error_of(garbage, lambda request: zipped(request, bytes, 1_000_000), writes=True)
    assert bomb.error_class is ErrorClass.UNKNOWN
    assert "inflates to more than 1500 bytes" in bomb.message


def test_a_compressed_answer_is_read(garbage: GarbageServer) -> None:
    garbage.answers = [lambda request: zipped(request, bytes, 10_000)]
    with closing(client(garbage.url)) as asking:
        assert asking.call(READS) == []


def test_a_session_that_is_too_old_is_renewed_once(garbage: GarbageServer) -> None:
    old = http(b"", "401 Unauthorized")
    with closing(client(garbage.url)) as asking:
        garbage.answers = [old, reply([])]
        assert asking.call(READS) == []
        garbage.answers = [old, old]
        with pytest.raises(ErpError) as caught:
            asking.call(WRITES, writes=True)
    assert caught.value.error_class is ErrorClass.CONFIG
    assert garbage.asked == [READS, READS, WRITES, WRITES]


def test_an_unreachable_server_is_transient() -> None:
    with closing(client(f"http://127.0.0.1:{free_port()}")) as asking, pytest.raises(ErpError) as caught:
        asking.call(WRITES, writes=True)
    assert caught.value.error_class is ErrorClass.TRANSIENT


@pytest.mark.parametrize("rows", [None, {}, [1], [{"id": "1"}], [{"id": True}], [{}], [[]]])
def test_rows_of_a_wrong_form_are_refused(garbage: GarbageServer, rows: Any) -> None:
    garbage.answers = [reply(rows)]
    with closing(client(garbage.url)) as asking, pytest.raises(ErpError) as caught:
        asking.search_read("sale.sale", [], ["number"])
    assert caught.value.error_class is ErrorClass.TRANSIENT


@pytest.mark.parametrize("ids", [None, 5, [], [1, 2], ["1"], [0], [-1], [True], [2**60]])
def test_a_create_that_does_not_name_its_record_is_unknown(garbage: GarbageServer, ids: Any) -> None:
    garbage.answers = [reply(ids)]
    with closing(client(garbage.url)) as asking, pytest.raises(ErpError) as caught:
        asking.create("sale.sale", {})
    assert caught.value.error_class is ErrorClass.UNKNOWN


def test_a_value_that_cannot_be_encoded_is_not_sent(garbage: GarbageServer) -> None:
    for value in (object(), float("nan"), {1, 2}):
        with closing(client(garbage.url)) as asking, pytest.raises(ErpError) as caught:
            asking.create("sale.sale", {"x": value})
        assert caught.value.error_class is ErrorClass.REJECT_OFFICE
    assert garbage.asked == []


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("client") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


class TestAgainstTryton:
    def test_values_come_back_as_they_are(self, tryton: TrytonFixture) -> None:
        product = tryton.summary["products"][0]
        with closing(tryton.connect()) as connector:
            fields = ["list_price_used", "quantity", "last_modified_at"]
            [row] = connector._client.read("product.product", [product["id"]], fields)
        assert row["list_price_used"] == Decimal(product["list_price"])
        assert isinstance(row["quantity"], Decimal | int)
        assert row["last_modified_at"].tzinfo is None

    def test_a_session_that_the_server_forgot_is_renewed(self, tryton: TrytonFixture) -> None:
        with closing(tryton.connect()) as connector:
            assert connector.find("order", "x") == []
            whose = "create_uid = (SELECT id FROM res_user WHERE login = {})"
            ours = sql.SQL("DELETE FROM ir_session WHERE " + whose)
            login = sql.Literal(tryton.server.user)
            tryton.server.postgres.execute(ours.format(login), tryton.server.database)
            assert connector.find("order", "x") == []

    def test_a_wrong_password_database_or_company_is_a_problem_in_words(self, tryton: TrytonFixture) -> None:
        for options, words in (
            ({"password": "wrong"}, "user or password"),
            ({"user": "nobody"}, "user or password"),
            ({"company": "77"}, "no company 77"),
        ):
            with closing(tryton.connect(**options)) as connector:
                health = connector.check()
            assert not health.ok, options
            assert words in health.problems[0]
            assert "wrong" not in "".join(health.problems)

    def test_check_names_missing_rights_and_settings(self, tryton: TrytonFixture) -> None:
        user = {"name": "Little", "login": "little", "password": "little-by-little-1", "company": 1,
                "companies": [["add", [1]]]}  # fmt: skip
        tryton.office("res.user", "create", [user])
        with closing(tryton.connect(user="little", password="little-by-little-1")) as connector:
            health = connector.check()
        assert any("may not create" in problem and "sale.sale" in problem for problem in health.problems)
        with closing(tryton.connect(territory_category="Nowhere", warehouse="W9")) as connector:
            problems = connector.check().problems
        assert any("Nowhere" in problem for problem in problems)
        assert any("W9" in problem for problem in problems)

    def test_check_warns_of_a_user_who_could_click_limits_away(self, tryton: TrytonFixture) -> None:
        with closing(
            tryton.connect(user=tryton.server.admin_user, password=tryton.server.admin_password)
        ) as connector:
            assert any("Account Credit Limit" in note for note in connector.check().notes)

    def test_a_refusal_keeps_trytons_words(self, tryton: TrytonFixture) -> None:
        with closing(tryton.connect()) as connector, pytest.raises(TrytonRefusal) as caught:
            connector._client.create("sale.sale", {"party": 999999})
        assert caught.value.rule == "unknown"
        assert "does not exist" in caught.value.raw

    def test_a_mistake_of_ours_is_a_matter_of_configuration(self, tryton: TrytonFixture) -> None:
        with closing(tryton.connect()) as connector:
            for call in (
                lambda: connector._client.create("sale.sale", {"bogus": 1}),
                lambda: connector._client.call("model.no.such.search", []),
                lambda: connector._client.call("model.ir.session.search", []),
            ):
                with pytest.raises(ErpError) as caught:
                    call()
                assert caught.value.error_class is ErrorClass.CONFIG, caught.value.raw
