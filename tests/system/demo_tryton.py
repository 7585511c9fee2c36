"""`make demo-tryton`: Satchel with a Tryton that is installed and started locally.

Uses the tests' own PostgreSQL and Tryton, in the folder demo/, which a later run uses again.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from backend.supervisor import end_with_parent
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
        print(
            f"To look into Tryton with its desktop client: host {tryton.url.removeprefix('http://')}, database "
            f"{tryton.database}, user {tryton.admin_user}, password {tryton.admin_password}\n"
            "docs/connectors/tryton.md says where the order is.",
            flush=True,
        )
        serve = [sys.executable, "-m", "backend.cli", "serve", "--invite", "R1", "--end-with", str(os.getpid())]
        served = subprocess.Popen(serve, env=environ, start_new_session=True)
        try:
            served.wait()
        finally:
            served.terminate()
            served.wait(60)


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--end-with", type=int, metavar="PID", help="also end when the process PID ends")
    if (parent := parser.parse_args().end_with) is not None:
        end_with_parent(parent)
    signal.signal(signal.SIGTERM, _interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        main()
