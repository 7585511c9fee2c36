"""The web process for a WSGI server: `gunicorn wsgi:app`. `satchel serve` runs the same app."""

from backend import telemetry
from backend.app import create_app

telemetry.configure()
app = create_app()
