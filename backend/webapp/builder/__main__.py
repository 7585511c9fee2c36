"""`python -m backend.webapp.builder`: build the phone app of this checkout, if a file of it has changed."""

import tomllib

from backend.webapp.builder import build
from backend.webapp.builder.paths import WEBAPP


def build_checkout() -> None:
    """Build the app in the version that pyproject.toml names. Raises what `npm.install` raises."""
    project = tomllib.loads((WEBAPP.parents[1] / "pyproject.toml").read_text())["project"]
    build.refresh(project["version"])


if __name__ == "__main__":
    build_checkout()
