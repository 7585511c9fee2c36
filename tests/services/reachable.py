"""PostgreSQL's programs where an unprivileged user can run them.

A virtualenv below a closed folder (/root is 0700) is out of reach for the user we start
PostgreSQL as. Opening the folders would be rude, so the wheel's programs are copied.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

from tests.services.binaries import ServiceMissing, postgres_folder
from tests.services.unprivileged import Identity


def postgres_programs(identity: Identity) -> Path:
    """Return a folder with `initdb`, `postgres` and so on, which `identity` can run."""
    folder = postgres_folder()
    if identity.can_enter(folder):
        return folder
    package = folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    if not libraries.is_dir():
        raise ServiceMissing(f"PostgreSQL must not run as root, and nobody else can reach {folder}. Open it.")
    copy = Path(tempfile.mkdtemp(prefix="satchel-postgres-programs-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    # The programs look for their libraries at ../../../<package>.libs, so the layout must stay.
    shutil.copytree(libraries, copy / libraries.name)
    shutil.copytree(folder.parent, copy / package.name / folder.parent.name, symlinks=True)
    return copy / package.name / folder.parent.name / folder.name
