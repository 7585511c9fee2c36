"""A phone finds a Chinese name by its pinyin; other records are published as before."""

import subprocess
import sys

import pytest

from backend.ingest.search_text import with_search_text
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.fields import SEARCH_CHARACTERS
from tests.unit.device.company import customer

CUSTOMERS, PRODUCTS = COLLECTIONS["customers"], COLLECTIONS["products"]


def chinese(name: str, city: str | None = None) -> dict:
    address = {"id": "A1", "name": None, "uses": [], "lines": [], "region": None, "postal_code": None}
    return customer("C1", name, addresses=[{**address, "country": None, "city": city}] * 2)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("重庆火锅", "chong qing huo guo"),
        ("北京商贸", "bei jing shang mao"),
        ("上海ABC贸易", "shang hai mao yi"),
    ],
)
def test_a_chinese_name_has_its_syllables(name: str, text: str) -> None:
    assert with_search_text(CUSTOMERS, chinese(name))["search"] == text


def test_every_reading_of_a_character_is_there_unless_its_phrase_decides() -> None:
    single = with_search_text(CUSTOMERS, chinese("单"))["search"].split("/")
    assert {"dan", "shan", "chan"} <= set(single)
    assert with_search_text(CUSTOMERS, chinese("简单"))["search"] == "jian dan"


def test_the_city_of_each_address_is_searched_and_stands_once() -> None:
    assert with_search_text(CUSTOMERS, chinese("苏州", "苏州"))["search"] == "su zhou"
    assert with_search_text(CUSTOMERS, chinese("ACME", "苏州"))["search"] == "su zhou"
    assert with_search_text(CUSTOMERS, chinese("湖南", "苏州"))["search"] == "hu nan; su zhou"


def test_a_record_without_chinese_characters_stays_as_it_is() -> None:
    record = chinese("Müller & Söhne", "Köln")
    assert with_search_text(CUSTOMERS, record) is record


def test_a_text_that_a_connector_gave_is_replaced() -> None:
    assert "search" not in with_search_text(CUSTOMERS, {**chinese("ACME"), "search": "from the ERP"})
    assert with_search_text(CUSTOMERS, {**chinese("苏州"), "search": "from the ERP"})["search"] == "su zhou"


def test_collections_without_search_text_are_not_touched() -> None:
    record = {"id": "W1", "name": "仓库"}
    assert with_search_text(COLLECTIONS["warehouses"], record) is record


def test_a_long_text_ends_with_a_whole_syllable() -> None:
    record = with_search_text(CUSTOMERS, chinese("双" * 199 + "江"))
    assert CUSTOMERS.faults(record) == []
    assert len(record["search"]) <= SEARCH_CHARACTERS
    assert set(record["search"].split(" ")) == {"shuang"}


def test_the_dictionary_is_loaded_with_the_first_chinese_name_only() -> None:
    program = (
        "import sys; from backend.ingest import validation;"
        "from backend.ingest.search_text import _pinyin;"
        "assert _pinyin('ACME') == '' and 'pypinyin' not in sys.modules;"
        "assert _pinyin('苏') == 'su' and 'pypinyin' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
