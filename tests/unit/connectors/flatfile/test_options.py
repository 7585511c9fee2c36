"""The connector's options: each wrong one is a sentence, before anything is done."""

from pathlib import Path

import pytest

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.layout import Layout, month_of


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "SATCHEL_ERP_FOLDER is not set"),
        ({"folder": " "}, "SATCHEL_ERP_FOLDER=' ': must be given"),
        (
            {"folder": "/x", "colour": "red"},
            "SATCHEL_ERP_COLOUR is not a setting; the connector has",
        ),
        ({"folder": "/x", "encoding": "utf-16"}, "SATCHEL_ERP_ENCODING='utf-16': must be one of utf-8"),
        ({"folder": "/x", "encoding": "klingon"}, "SATCHEL_ERP_ENCODING='klingon': must be one of utf-8"),
        ({"folder": "/x", "delimiter": "::"}, "SATCHEL_ERP_DELIMITER='::': must be one of"),
        ({"folder": "/x", "decimal": "·"}, "SATCHEL_ERP_DECIMAL='·': must be . or ,"),
        ({"folder": "/x", "decimal": ","}, "are both a comma"),
        ({"folder": "/x", "unfinished_seconds": "soon"}, "must be a number"),
        ({"folder": "/x", "snapshot_hours": "0"}, "must be between 0.1 and 8760"),
        ({"folder": "/x", "collections": "customers,dreams"}, "not dreams"),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        connect(given)
    assert sentence in str(caught.value)


def test_connecting_touches_nothing(tmp_path: Path) -> None:
    connector = connect({"folder": str(tmp_path / "share")})
    assert connector.capabilities().quiet_seconds == 30.0
    assert not (tmp_path / "share").exists()
    connector.close()


def test_an_option_selects_collections_and_keeps_their_order() -> None:
    connector = connect({"folder": "/x", "collections": "orders, customers"})
    assert connector.capabilities().collections == ("customers", "orders")


def test_check_names_every_missing_or_inaccessible_folder(tmp_path: Path) -> None:
    connector = connect({"folder": str(tmp_path)})
    assert len(connector.check().problems) == 5
    Layout(tmp_path).make()
    (tmp_path / "to_erp").rmdir()
    (tmp_path / "to_erp").write_text("a file")
    assert [problem for problem in connector.check().problems if "to_erp" in problem]
    connector.close()


def test_the_archive_folder_is_the_month_of_the_ulid() -> None:
    assert month_of("01KASEP88YA3C8WXMW27FC1VNK") == "2025-11"
    assert month_of("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == "undated"
