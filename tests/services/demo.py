"""PostgreSQL and Tryton with the sample company, until Ctrl-C: `python -m tests.services.demo FOLDER`.

Once it answers, the settings that connect Satchel to it are printed as KEY=value lines,
followed by a line `READY`. A second start in the same folder finds its data again.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.services.postgres import PostgresServer
from tests.services.tryton import TrytonServer

DATABASE = "nordhaven"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where data, configuration and logs go")
    folder = parser.parse_args().folder
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # raises SystemExit even during the start: the `with` below then stops the running servers
        signal.signal(number, lambda *_: sys.exit(0))
    print("Starting PostgreSQL and Tryton (minutes the first time) …", file=sys.stderr, flush=True)
    with (
        PostgresServer(folder / "postgres") as postgres,
        TrytonServer(postgres, folder / "tryton", DATABASE, queue=True) as tryton,
    ):
        for name, value in tryton.settings.items():
            print(f"{name}={value}")
        print("READY", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
