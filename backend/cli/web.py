"""The web process: gunicorn with a worker of our own, or granian; both are configured by our settings.

Apart from `serve`, which imports it only in the web process.
"""

from backend.cli.refusal import CannotRun
from backend.identity import keys
from backend.permissions import create_folder
from backend.settings import Settings


def run_web(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises `CannotRun` for more than one process with SQLite, and if granian is wanted and not installed.
    """
    if settings.embedded and settings.web_processes > 1:
        raise CannotRun("SATCHEL_WEB_PROCESSES above 1 needs PostgreSQL: set SATCHEL_DATABASE_URL")
    # Here, because an error in a process that the server forks is shown with its traceback.
    create_folder(settings)
    keys.read_all(settings.folder)
    # Each server is imported only if it is used: granian is an extra.
    if settings.web_server == "gunicorn":
        from backend.web_server import gunicorn

        gunicorn.run(settings)
        return
    try:
        from backend.web_server import granian
    except ModuleNotFoundError as error:
        if error.name != "granian":
            raise
        raise CannotRun(
            "SATCHEL_WEB_SERVER=granian needs the package granian: install requirements/granian.lock, "
            "or set SATCHEL_WEB_SERVER=gunicorn"
        ) from None
    granian.run(settings)
