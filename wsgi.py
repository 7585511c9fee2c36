"""The web process for a WSGI server: `gunicorn wsgi:app`. `satchel serve` runs the same app."""

import os

from backend import logs
from backend.app import create_app
from backend.permissions import close_new_files
from backend.settings import read_settings
from backend.watchdog.watch import start_watch

close_new_files()
logs.configure()
# For gunicorn's first lines too: `--logger-class backend.web_server.gunicorn_log.GunicornLog`.
app = create_app()
start_watch(read_settings(os.environ))
