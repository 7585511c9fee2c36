"""An unprivileged user to run programs as: PostgreSQL refuses to run as root, and containers and CI often
do."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.process import ServiceFailed


@dataclass(frozen=True)
class Identity:
    """A user and group to run programs as; both None means our own."""

    user: int | None = None
    group: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `subprocess` for this identity; it changes the folder, which may be closed to the
        user."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": [], "cwd": "/"}

    def can_enter(self, folder: Path) -> bool:
        """Return whether the user may enter `folder` and all folders above it."""
        command = ["test", "-x", str(folder)]
        return subprocess.run(command, check=False, **self.arguments).returncode == 0

    def own(self, path: Path) -> None:
        """Make the user the owner of the file or folder."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def unprivileged() -> Identity:
    """Return our own identity, or as root that of `postgres` if the user exists, else that of `nobody`."""
    if os.geteuid() != 0:
        return Identity()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    raise ServiceFailed(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody. Make one of them."
    )
