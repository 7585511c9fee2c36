"""What serves the phone: Satchel behind a line that can be made slow, at one address for the whole run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.webapp.builder import __main__ as webapp_build
from tests.bench.phone.data import REP, app_records
from tests.bench.sizes import Sizes
from tests.bench.systems.satchel import SatchelSystem
from tests.services import PostgresServer
from tests.services.file_lock import CACHE, file_lock
from tests.services.proxy import Proxy

DATABASE = "bench_app"


class Site:
    """A running Satchel, and the line before it.

    Attributes:
        system: The server, which can be stopped and started.
        proxy: The line. A phone knows the server by the line's address, because its data belongs to an address.
        url: That address.
        records: How many records the rep may read, those for everyone included.
    """

    def __init__(self, system: SatchelSystem, proxy: Proxy) -> None:
        self.system, self.proxy = system, proxy
        self.url = f"http://127.0.0.1:{proxy.port}"

    def code(self) -> str:
        """Return a new code with which the rep connects a phone."""
        return str(self.system.reference(REP).options["code"])


@contextmanager
def site(postgres: PostgresServer, folder: Path, sizes: Sizes) -> Iterator[Site]:
    """Fill a Satchel with `sizes.app` records, and run it for the block."""
    with file_lock(CACHE / "webapp.lock"):
        webapp_build.build_checkout()
    system = SatchelSystem(postgres, folder, sizes, fast=True, database=DATABASE)
    system.fill([REP], app_records(sizes.app))
    with Proxy(system.port) as proxy:
        running = Site(system, proxy)
        system.environ["SATCHEL_OTHER_URLS"] = running.url
        try:
            system.start()
            yield running
        finally:
            system.stop()
