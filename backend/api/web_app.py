"""Flask with middleware around it. Separate from `app`, which decides what middleware that is."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask


class WebApp(Flask):
    """A Flask app that passes each request to `outermost`: its middleware, and Flask itself inside of it."""

    def __init__(self) -> None:
        super().__init__("satchel", static_folder=None)
        self.outermost: WSGIApplication = super().wsgi_app

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to a request, as PEP 3333 defines it."""
        return self.outermost(environ, start_response)
