"""The settings of the sample company, in a file of the installation's folder.

`satchel serve --sample` writes it. So `satchel doctor` and all other commands find the sample's ERP, and no
variable needs to be set.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from backend.files import write_atomically
from backend.settings import ERP_PREFIX, SettingError

NAME = "sample.json"
_SAVED = (
    "SATCHEL_ERP_FOLDER",
    "SATCHEL_PORT",
    "SATCHEL_PUBLIC_URL",
    "SATCHEL_OTHER_URLS",
    "SATCHEL_WEB_SERVER",
    "SATCHEL_TLS_CERTIFICATE",
    "SATCHEL_TLS_KEY",
)


def save(folder: Path, environ: Mapping[str, str]) -> None:
    """Write the variables of *environ* that other commands need to the file in *folder*."""
    values = {name: environ[name] for name in _SAVED if name in environ}
    write_atomically(folder / NAME, [json.dumps(values, indent=1).encode()])


def with_sample(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ*, completed by the file in *folder* if there is one.

    A variable of *environ* always wins. If one of the connector is set, the file is not used: then this
    installation has an ERP of its own. Raises `SettingError` if the file cannot be read.
    """
    try:
        saved = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        return dict(environ)
    except (OSError, ValueError) as error:
        raise SettingError(
            f"{folder / NAME} cannot be read ({error}); delete it, or run `make run` again"
        ) from None
    if not isinstance(saved, dict) or not all(isinstance(value, str) for value in saved.values()):
        raise SettingError(f"{folder / NAME} does not hold settings; delete it, or run `make run` again")
    own_erp = any(name.startswith(ERP_PREFIX) or name == "SATCHEL_CONNECTOR" for name in environ)
    return dict(environ) if own_erp else {**saved, **environ}
