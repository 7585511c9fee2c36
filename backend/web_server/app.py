"""What every web process starts before its first request, whichever server runs it.

Apart from the two servers because both call it, each in its own way and in its own process.
"""

import gc

from flask import Flask

from backend import gauges
from backend.api.services import get_services
from backend.app import create_app
from backend.settings import Settings
from backend.watchdog.watch import start_watch

NEW_OBJECTS = 20_000
"""New objects that can have cycles, after which the collector looks for them: about 2 MB."""


def load_app(settings: Settings) -> Flask:
    """Return the app for *settings*; start metrics and the watch over workers in this process."""
    gauges.start_metrics(settings)
    start_watch(settings)
    app = create_app(settings)
    _render_documents(app)
    _collect_less()
    return app


def _render_documents(app: Flask) -> None:
    """Render what every client may ask for at once: else all threads of a new process would render the same."""
    with app.app_context():
        services = get_services()
    services.openapi()
    services.contract()


def _collect_less() -> None:
    """Spare the garbage collector what lives as long as the process, and what a request decodes.

    A push or page makes thousands of objects without cycles, which are freed when the last reference ends. By
    default the collector looks at them after each 700 new ones, and regularly at all modules too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
