"""Settings declared once: as the fields of a dataclass, each with its reader, its default and its meaning.

The server's settings and the options of each connector are declared this way. The values in
force, `docs/reference/settings.md`, `satchel doctor --settings` and the refusal of unknown variables are made
from the declaration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PREFIX = "SATCHEL_"
ERP_PREFIX = "SATCHEL_ERP_"
"""Of the variables that are options of the connector."""

FILE = "_FILE"
"""After the name of a variable that is secret: the file that holds the value, as container runtimes provide."""

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


def read_values(declaration: type, variables: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """Return the value of every declared setting; the keys are the names of the fields of *declaration*.

    A value is read from *variables* (text by the same name), or from the default. A variable that is set
    counts, even if it is empty.
    Raises `SettingError` for the first value that is wrong or missing.
    """
    values: dict[str, Any] = {}
    for each in declared_settings(declaration):
        name = variable(prefix, each.name)
        text = _secret_file(each, name, variables) if each.secret else variables.get(each.name, each.default)
        if text is None:
            raise SettingError(f"{name} is not set. {each.help}")
        try:
            values[each.name] = each.read(text)
        except ValueError as error:
            shown = name if each.secret else f"{name}={text!r}"
            raise SettingError(f"{shown}: {error}. {each.help}") from None
    return values


def _secret_file(each: Setting, name: str, variables: Mapping[str, str]) -> str | None:
    """Return the text of a secret: that of its variable, or of the file that <variable>_FILE names."""
    path = variables.get(each.name + FILE.lower(), "").strip()
    if not path:
        return variables.get(each.name, each.default)
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingError(f"{name}{FILE}={path!r} cannot be read: {reason}. {each.help}") from None
    if variables.get(each.name, "") not in ("", text):
        raise SettingError(f"{name} and {name}{FILE} are both set, and differ; unset one of them")
    return text


def refuse_unknown(variables: Iterable[str], declaration: type, prefix: str, advice: str) -> None:
    """Raise `SettingError` for the first of *variables* that is not declared; *advice* says what is."""
    settings = declared_settings(declaration)
    declared = {variable(prefix, each.name) for each in settings}
    declared |= {variable(prefix, each.name) + FILE for each in settings if each.secret}
    for name in variables:
        if name not in declared:
            raise SettingError(f"{name} is not a setting; {advice}")


def read_options(declaration: type[T], variables: Mapping[str, str]) -> T:
    """Return the options of a connector: *declaration* filled from *variables* (text by name, in lower case).

    Raises `SettingError` for the first one that is wrong, missing or unknown.
    """
    declared = ", ".join(variable(ERP_PREFIX, each.name) for each in declared_settings(declaration))
    refuse_unknown(
        [variable(ERP_PREFIX, name) for name in variables],
        declaration,
        ERP_PREFIX,
        f"the connector has {declared}",
    )
    return declaration(**read_values(declaration, variables, ERP_PREFIX))
