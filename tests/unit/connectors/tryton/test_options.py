"""Options are checked before anything is sent, and say what is wrong with them."""

from pathlib import Path

import pytest

from backend.connectors.tryton import connect
from backend.connectors.tryton.options import read_options

GIVEN = {"url": "https://erp.example.com/", "database": "erp", "user": "satchel", "password": "9f2c7d1ab04e"}


def test_four_options_suffice_to_connect() -> None:
    options = read_options(GIVEN)
    assert options.url == "https://erp.example.com"
    assert (options.company, options.page_size) == (None, 200)
    connect(GIVEN).close()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("url", "", "must be given"),
        ("url", "erp.example.com", "must be an address"),
        ("url", "ftp://erp.example.com", "must be an address"),
        ("url", "https://me:secret@erp.example.com", "neither a user"),
        ("url", "https://erp.example.com?x=1", "neither a user"),
        ("url", "https://erp.example.com:99999", "port"),
        ("database", "", "must be given"),
        ("database", "a/b", "letters, digits"),
        ("user", " ", "must be given"),
        ("password", "", "must be given"),
        ("company", "Nordhaven", "must be a whole number"),
        ("company", "1.5", "whole number"),
        ("timeout_seconds", "never", "must be a number"),
        ("timeout_seconds", "0", "between"),
        ("overlap_seconds", "-1", "between"),
        ("page_size", "5000", "between"),
        ("ca_file", "/no/such/file", "not a file"),
        ("territory_category", " ", "must be given"),
        ("expense_policy", "{", "not JSON"),
        ("expense_policy", "[]", "must be a JSON object"),
        ("expense_policy", '{"5.3.1": {"limit": "1"}}', "limit_per_line"),
        ("expense_policy", '{"5.3.1": {"receipt_above": 25}}', "as text"),
        ("expense_policy", '{"5.3.1": {"receipt_above": "-1"}}', "as text"),
        ("expense_policy", '{"5.3.1": {"receipt_above": "x"}}', "as text"),
    ],
)
def test_a_wrong_option_is_refused_with_an_explanation(name: str, value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        read_options({**GIVEN, name: value})
    assert f"SATCHEL_ERP_{name.upper()}" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_unknown_option_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="SATCHEL_ERP_COLOUR is not a setting") as refused:
        read_options({**GIVEN, "colour": "blue"})
    assert "SATCHEL_ERP_TERRITORY_CATEGORY" in str(refused.value)


def test_an_option_without_a_default_must_be_set() -> None:
    with pytest.raises(ValueError, match="SATCHEL_ERP_DATABASE is not set"):
        read_options({name: value for name, value in GIVEN.items() if name != "database"})


def test_the_password_is_not_shown() -> None:
    assert "9f2c7d1ab04e" not in repr(read_options(GIVEN))


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    with pytest.raises(ValueError, match="contains no certificates"):
        connect({**GIVEN, "ca_file": str(file)})
