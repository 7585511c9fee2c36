"""What every web process starts before its first request, whichever server runs it.

Apart from the two servers because both call it, each in its own way and in its own process.
"""

from flask import Flask

from backend import gauges
from backend.app import create_app
from backend.settings import Settings
from backend.watchdog.watch import start_watch


def load_app(settings: Settings) -> Flask:
    """Return the app for *settings*; start metrics and the watch over workers in this process."""
    gauges.start_metrics(settings)
    start_watch(settings)
    return create_app(settings)
