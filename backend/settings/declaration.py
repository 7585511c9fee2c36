"""Settings declared once: as the fields of a dataclass, each with its reader, its default and its meaning.

The server's settings and the options of each connector are declared this way. The values in
force, `docs/reference/settings.md`, `satchel doctor --settings` and the refusal of unknown variables are made
from the declaration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

T = TypeVar("T")
PREFIX = "SATCHEL_"
ERP_PREFIX = "SATCHEL_ERP_"
"""Of the variables that are options of the connector."""

_KEY = "setting"


class SettingError(ValueError):
    """A setting is wrong; the message names the variable and says what to write."""


@dataclass(frozen=True)
class Setting:
    """One declared setting.

    *default* is the text that is read if the variable is not set; None if it must be set.
    A *secret* value is shown neither in messages nor in the `repr` of the dataclass.
    """

    name: str
    read: Callable[[str], Any]
    default: str | None
    help: str
    secret: bool = False


def setting(read: Callable[[str], Any], default: str | None, help: str, *, secret: bool = False) -> Any:
    """Return a dataclass field that is a setting; for the arguments see `Setting`.

    *read* turns the text into the value, or raises ValueError with a message that begins with "must".
    """
    declared = {_KEY: Setting("", read, default, help, secret)}
    if default is None:
        return field(repr=not secret, metadata=declared)
    return field(default_factory=lambda: read(default), repr=not secret, metadata=declared)


def declared_settings(declaration: type) -> tuple[Setting, ...]:
    """Return the settings that the dataclass *declaration* declares, in their order."""
    return tuple(
        Setting(each.name, s.read, s.default, s.help, s.secret)
        for each in fields(declaration)
        if (s := each.metadata.get(_KEY)) is not None
    )


def variable(prefix: str, name: str) -> str:
    """Return the environment variable of the setting *name*: SATCHEL_ERP_ and `url` give SATCHEL_ERP_URL."""
    return prefix + name.upper()


def read_values(declaration: type, given: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """Return the value of every declared setting, by name, read from *given* (text by name) or its default.

    A variable that is set counts, even if it is empty.
    Raises `SettingError` for the first value that is wrong or missing.
    """
    values: dict[str, Any] = {}
    for each in declared_settings(declaration):
        text = given.get(each.name, each.default)
        name = variable(prefix, each.name)
        if text is None:
            raise SettingError(f"{name} is not set. {each.help}")
        try:
            values[each.name] = each.read(text)
        except ValueError as error:
            shown = name if each.secret else f"{name}={text!r}"
            raise SettingError(f"{shown}: {error}. {each.help}") from None
    return values


def refuse_unknown(variables: Iterable[str], declaration: type, prefix: str, advice: str) -> None:
    """Raise `SettingError` for the first of *variables* that is not declared; *advice* says what is."""
    declared = {variable(prefix, each.name) for each in declared_settings(declaration)}
    for name in variables:
        if name not in declared:
            raise SettingError(f"{name} is not a setting; {advice}")


def read_options(declaration: type[T], given: Mapping[str, str]) -> T:
    """Return the options of a connector: *declaration* filled from *given* (text by name, in lower case).

    Raises `SettingError` for the first one that is wrong, missing or unknown.
    """
    declared = ", ".join(variable(ERP_PREFIX, each.name) for each in declared_settings(declaration))
    refuse_unknown(
        [variable(ERP_PREFIX, name) for name in given], declaration, ERP_PREFIX, f"the connector has {declared}"
    )
    return declaration(**read_values(declaration, given, ERP_PREFIX))
