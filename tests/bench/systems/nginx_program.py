"""Finds nginx: `BENCH_NGINX`, the PATH, or Debian's package, unpacked beside our other downloads.

The package is unpacked and not installed, because its installation would start a server on port 80.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services.binaries import ServiceMissing
from tests.services.file_lock import file_lock

CACHE = Path(__file__).parents[3] / ".cache" / "nginx"
MISSING = (
    "nginx is missing. Install it (Debian: apt-get install nginx-light; macOS: brew install nginx),"
    " or set BENCH_NGINX to the program, or leave it out with --only"
)


def nginx_program() -> Path:
    """Return the path of `nginx`; raises `ServiceMissing`, which says what to install."""
    named = os.environ.get("BENCH_NGINX")
    program = named or shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    unpacked = CACHE / "usr" / "sbin" / "nginx"
    if program:
        return Path(program)
    if shutil.which("apt-get") and shutil.which("dpkg"):
        with file_lock(CACHE.parent / "nginx.lock"):
            if not unpacked.exists():
                _unpack()
    if not unpacked.exists():
        raise ServiceMissing(MISSING)
    return unpacked


def _unpack() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        fetch = ["apt-get", "download", "-o", "APT::Sandbox::User=root", "nginx"]
        result = subprocess.run(fetch, cwd=scratch, capture_output=True, text=True, timeout=120, check=False)
        for package in Path(scratch).glob("nginx_*.deb"):
            subprocess.run(["dpkg", "-x", package, CACHE], check=True, timeout=60)
            return
    raise ServiceMissing(f"{MISSING}\napt-get says: {result.stderr.strip()[-300:]}")
