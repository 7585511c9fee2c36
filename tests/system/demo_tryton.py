"""`make demo-tryton`: Satchel with a Tryton that is installed and started locally.

Uses the tests' own PostgreSQL and Tryton, in the folder demo/, which a later run uses again.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.services import PostgresServer, TrytonServer

REPS = (
    ("R1", "Anja Petersen", "NE", "E001"),
    ("R2", "Jonas Bergmann", "NW", "E002"),
    ("R3", "Marta Kowalska", "SE", "E003"),
)


def main() -> None:
    """Start everything, print the commands to paste, and run until Ctrl-C."""
    folder = Path("demo").absolute()
    print("Starting PostgreSQL and Tryton; the first time this takes about two minutes.", flush=True)
    with PostgresServer(folder / "postgres") as postgres, TrytonServer(postgres, folder / "tryton") as tryton:
        database = "satchel"
        if database not in postgres.databases():
            postgres.create_database(database)
        port = os.environ.get("SATCHEL_PORT", "8000")
        environ = {
            **os.environ,
            **tryton.settings,
            "SATCHEL_FOLDER": str(folder / "instance"),
            "SATCHEL_DATABASE_URL": postgres.url(database),
            "SATCHEL_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SATCHEL_COMPANY": "Nordhaven Supply",
            "SATCHEL_INGEST_SECONDS": "10",
        }

        def satchel(*arguments: str) -> None:
            subprocess.run([sys.executable, "-m", "backend.cli", *arguments], env=environ, check=True)

        satchel("init")
        warehouse = tryton.summary["warehouses"]["W1"]["id"]
        for rep, name, territory, employee in REPS:
            satchel("rep", "add", rep, name, "--employee", employee)
            satchel("rep", "assign", rep, f"territory:{territory}")
            satchel("rep", "assign", rep, f"warehouse:{warehouse}")
        satchel("ingest")
        print(f"Tryton itself: {tryton.url}, user {tryton.admin_user}, password {tryton.admin_password}")
        serve = [sys.executable, "-m", "backend.cli", "serve", "--invite", "R1"]
        served = subprocess.Popen(serve, env=environ, start_new_session=True)
        try:
            served.wait()
        finally:
            served.terminate()
            served.wait(60)


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        main()
