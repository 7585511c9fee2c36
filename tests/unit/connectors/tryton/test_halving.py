"""A page that Tryton cannot serve is halved down to the rows that break it, in a bounded number of calls."""

from collections.abc import Iterable, Iterator

import pytest

from backend.connectors.tryton import rows
from backend.connectors.tryton.errors import InvalidReply, http_refusal
from backend.connectors.tryton.mapping import warehouses
from backend.connectors.tryton.rows import MAX_BROKEN, NOT_TOLD_APART, Item, Translated, most_calls, translate
from backend.erp.errors import ErpError, ErrorClass

REFUSED = rows.TrytonRefusal("other", ErrorClass.REJECT_OFFICE, "no", "the words")
FAULT = rows.TrytonRefusal("server_fault", ErrorClass.CONFIG, "'bogus'", "'bogus'")
USELESS = http_refusal(500, None, b"<html>Internal Server Error", writes=False)


class Page:
    """Rows of which some break every call that asks for them."""

    def __init__(self, broken: set[int], error: ErpError = REFUSED) -> None:
        self.broken, self.error = broken, error
        self.calls: list[list[int]] = []

    def __call__(self, ids: list[int]) -> Iterator[Item]:
        self.calls.append(ids)
        if self.broken & set(ids):
            raise self.error
        return iter([Item(str(n), {"id": n, "name": str(n), "code": None}) for n in ids])

    def read(self, size: int = 200, beside: Iterable[int] = ()) -> Translated:
        return translate("warehouses", warehouses.record, self, list(range(size)), lambda: beside)


@pytest.mark.parametrize("error", [REFUSED, FAULT, USELESS])
def test_one_broken_row_is_found_in_a_logarithmic_number_of_calls(error: ErpError) -> None:
    page = Page({133}, error)
    result = page.read()
    assert len(result.records) == 199
    assert [(bad_row.external_id, bad_row.raw) for bad_row in result.bad] == [("133", error.raw)]
    assert len(page.calls) <= 1 + 2 * 8


def test_two_broken_neighbours_do_not_stop_the_page() -> None:
    """Halved down to the two, none of them can be served; the page as a whole can."""
    page = Page({10, 11}, FAULT)
    result = page.read()
    assert len(result.records) == 198
    assert [bad_row.external_id for bad_row in result.bad] == ["10", "11"]


def test_records_keep_the_order_of_their_roots() -> None:
    result = Page({3, 100, 180}).read()
    keys = [int(record["id"]) for record in result.records]
    assert keys == sorted(keys)


@pytest.mark.parametrize("broken", [set(range(0, 200, 2)), set(range(1, 200)), {*range(60, 120)}])
def test_a_page_full_of_broken_rows_costs_no_more_calls(broken: set[int]) -> None:
    page = Page(broken)
    result = page.read()
    assert len(page.calls) <= most_calls(200) == 1 + 2 * MAX_BROKEN * 8
    assert len(result.records) + len(result.bad) == 200
    assert broken <= {int(bad_row.external_id) for bad_row in result.bad}, (
        "whatever is not told apart is set aside"
    )
    assert any(bad_row.error == NOT_TOLD_APART for bad_row in result.bad)


def test_rows_set_aside_together_are_read_when_retried() -> None:
    """Each try advances by `MAX_BROKEN` rows at least, so that the good ones among them come through."""
    page = Page(set(range(0, 200, 2)))
    left = [int(bad_row.external_id) for bad_row in page.read().bad]
    for _ in range(30):
        left = [
            int(bad_row.external_id)
            for n in left
            for bad_row in translate("warehouses", warehouses.record, page, [n], tuple).bad
        ]
    assert set(left) == page.broken


@pytest.mark.parametrize("error", [FAULT, USELESS])
def test_a_call_that_fails_for_every_row_sets_no_row_aside(error: ErpError) -> None:
    with pytest.raises(ErpError) as caught:
        Page(set(range(4)), error).read(4)
    assert caught.value.error_class is error.error_class


@pytest.mark.parametrize("size", [1, 2, 40])
@pytest.mark.parametrize("error", [FAULT, USELESS])
def test_a_page_of_broken_rows_only_is_set_aside_while_another_row_can_be_read(
    error: ErpError, size: int
) -> None:
    page = Page({*range(size), 900}, error)
    result = page.read(size, beside=[900, 901])
    assert [bad_row.external_id for bad_row in result.bad] == [str(n) for n in range(size)]
    assert result.records == [], "what was tried beside the page is not of the page"


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("error", [FAULT, USELESS])
def test_a_call_that_fails_for_all_other_rows_too_raises_its_error(error: ErpError, size: int) -> None:
    page = Page({*range(size), 900, 901}, error)
    with pytest.raises(ErpError) as caught:
        page.read(size, beside=[900, 901])
    assert caught.value.error_class is error.error_class
    if error is FAULT:
        assert "No row of warehouses can be read" in caught.value.message, "which `satchel doctor` shows"
        assert "bogus" in caught.value.message


def test_the_only_row_of_a_collection_is_set_aside() -> None:
    assert [bad_row.external_id for bad_row in Page({0}, FAULT).read(1).bad] == ["0"]


def test_other_rows_are_read_only_if_the_whole_page_fails() -> None:
    def none_needed() -> Iterable[int]:
        raise AssertionError("asked for others")

    page = Page({1}, FAULT)
    assert len(translate("warehouses", warehouses.record, page, [0, 1], none_needed).bad) == 1
    refused = Page({0, 1}, REFUSED)
    assert len(translate("warehouses", warehouses.record, refused, [0, 1], none_needed).bad) == 2, (
        "a refusal names its row"
    )


def test_a_missing_permission_found_beside_the_page_is_raised() -> None:
    lacking = rows.TrytonRefusal("access", ErrorClass.CONFIG, "no", "no")

    def fetch(ids: list[int]) -> Iterable[Item]:
        raise lacking if 900 in ids else FAULT

    with pytest.raises(rows.TrytonRefusal) as caught:
        translate("warehouses", warehouses.record, fetch, [0, 1], lambda: [900])
    assert caught.value is lacking


@pytest.mark.parametrize("rule", ["access", "login", "concurrency"])
def test_a_missing_permission_or_a_busy_tryton_sets_no_row_aside(rule: str) -> None:
    error_class = ErrorClass.TRANSIENT if rule == "concurrency" else ErrorClass.CONFIG
    page = Page({1}, rows.TrytonRefusal(rule, error_class, "no", "no"))
    with pytest.raises(rows.TrytonRefusal):
        page.read()
    assert len(page.calls) == 1


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_an_unreachable_tryton_is_not_called_again(status: int) -> None:
    page = Page({1}, http_refusal(status, None, b"", writes=False))
    assert not isinstance(page.error, InvalidReply)
    with pytest.raises(ErpError):
        page.read()
    assert len(page.calls) == 1
