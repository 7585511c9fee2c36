"""Somebody else to run as: PostgreSQL refuses to be root, and containers and CI often are."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.process import ServiceFailed


@dataclass(frozen=True)
class Identity:
    """A user and group to run programs as; both None means as we are."""

    user: int | None = None
    group: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What `subprocess` needs to run a program so. It leaves our folder, which may be closed to it."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": [], "cwd": "/"}

    def can_enter(self, folder: Path) -> bool:
        """Whether it may pass through `folder` and everything above it."""
        command = ["test", "-x", str(folder)]
        return subprocess.run(command, check=False, **self.arguments).returncode == 0

    def own(self, path: Path) -> None:
        """Give it the file or folder."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def unprivileged() -> Identity:
    """As we are unless we are root; then as `postgres` if there is such a user, else as `nobody`."""
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
