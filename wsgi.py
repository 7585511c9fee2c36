"""The web process for a WSGI server: `gunicorn wsgi:app`. `satchel serve` runs the same app."""

from backend import logs
from backend.app import create_app

logs.configure()
app = create_app()
