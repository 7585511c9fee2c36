"""Settings declared as fields of a dataclass: what is read, what is refused, and where they are listed."""

from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from backend.connectors.flatfile.options import Options as FlatFileOptions
from backend.connectors.tryton.options import Options as TrytonOptions
from backend.erp.records import Capabilities
from backend.settings import SettingError, Settings, read_settings, readers
from backend.settings.declaration import ERP_PREFIX, PREFIX, declared_settings, read_options, setting, variable

DECLARATIONS = [(Settings, PREFIX), (FlatFileOptions, ERP_PREFIX), (TrytonOptions, ERP_PREFIX)]


@dataclass(frozen=True, kw_only=True)
class Example:
    """Options of a connector that a third party writes."""

    url: str = setting(readers.required, None, "URL of the ERP.")
    token: str = setting(readers.password, None, "Token of the ERP.", secret=True)
    pages: int = setting(readers.integer(1, 10), "3", "Pages per read.")


def test_options_are_read_with_their_defaults() -> None:
    options = read_options(Example, {"url": " http://erp ", "token": "s3cret"})
    assert options == Example(url="http://erp", token="s3cret", pages=3)
    assert "s3cret" not in repr(options)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"token": "s3cret"}, "SATCHEL_ERP_URL is not set. URL of the ERP."),
        ({"url": "", "token": "s3cret"}, "SATCHEL_ERP_URL='': must be given. URL of the ERP."),
        ({"url": "x", "token": ""}, "SATCHEL_ERP_TOKEN: must be given. Token of the ERP."),
        (
            {"url": "x", "token": "s3cret", "pages": "11"},
            "SATCHEL_ERP_PAGES='11': must be between 1 and 10. Pages per read.",
        ),
        (
            {"url": "x", "token": "s3cret", "page": "2"},
            "SATCHEL_ERP_PAGE is not a setting; the connector has "
            "SATCHEL_ERP_URL, SATCHEL_ERP_TOKEN, SATCHEL_ERP_PAGES",
        ),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_options(Example, given)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", ["SATCHEL_PROT", "SATCHEL_port", "SATCHEL_ERP", "SATCHEL_"])
def test_a_mistyped_variable_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is not a setting"):
        read_settings({name: "8000"})


def test_variables_of_the_device_and_of_other_programs_are_left_alone() -> None:
    assert read_settings({"SATCHEL_DEVICE": "x", "PORT": "9"}).port == 8000


def test_no_password_is_shown_by_the_settings() -> None:
    url = "postgresql+psycopg://me:s3cret@localhost/x"
    variables = ("DATABASE_URL", "STANDBY_URL", "REDIS_URL", "SMTP_PASSWORD", "WEBHOOK_SECRET", "ERP_PASSWORD")
    settings = read_settings({f"SATCHEL_{name}": url for name in variables})
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(("declaration", "prefix"), DECLARATIONS, ids=lambda value: str(value))
def test_the_reference_lists_every_setting(declaration: type, prefix: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "settings.md").read_text()
    for each in declared_settings(declaration):
        assert f"| `{variable(prefix, each.name)}` |" in page


@pytest.mark.parametrize(("declaration", "prefix"), DECLARATIONS, ids=lambda value: str(value))
def test_every_field_is_a_setting_with_a_sentence_and_a_good_default(declaration: type, prefix: str) -> None:
    declared = {each.name: each for each in declared_settings(declaration)}
    assert {field.name for field in fields(declaration)} - set(declared) <= {"erp"}
    for each in declared.values():
        assert each.help.endswith("."), each.name
        if each.default is not None:
            each.read(each.default)


def test_a_limit_of_the_erp_is_a_setting_of_the_server_and_of_no_connector() -> None:
    """The connector states the limit, and the server's setting overrides it. Two could contradict."""
    limits = {field.name for field in fields(Capabilities)} & {field.name for field in fields(Settings)}
    assert limits == {"quiet_seconds", "max_in_flight"}
    for options in (FlatFileOptions, TrytonOptions):
        assert limits.isdisjoint(field.name for field in fields(options))
