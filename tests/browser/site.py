"""The app's files on a server of the test, which can publish another build or turn into a captive portal.

It is the blueprint that the real server has, without the API: the tests of the shell need no company.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from backend.webapp import blueprint, built_files
from backend.webapp.builder import output
from backend.webapp.built_files import Build
from tests.services.serving import serving

PORTAL_PAGE = "<!doctype html><title>Wi-Fi</title><h1>Accept the terms of this hotel</h1>"


class Site:
    """Serves one build at a time.

    Attributes:
        url: Its address.
        portal: Whether every request is answered with an HTML page and status 200, as a captive portal does.
        requests: The paths that were asked for, with the status of the reply.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.portal = False
        self.requests: list[tuple[str, int]] = []
        self.build: Build = built_files.load()

    def publish(self, version: str, *, starts: bool = True) -> str:
        """Make a build with another content, and serve it from now on; return its id.

        The service worker of one that does not start answers no message.
        """
        target = self.folder / version
        output.write(version, "", target)
        self.build = built_files.load(target)
        if not starts:
            worker = self.build.files[output.WORKER]
            plain = worker.bodies[built_files.PLAIN].replace(b'"message"', b'"never"')
            without = {output.WORKER: replace(worker, bodies={built_files.PLAIN: plain})}
            self.build = replace(self.build, files=self.build.files | without)
        return self.build.id

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""
        response = self._respond(environ)
        self.requests.append((Request(environ).path, response.status_code))
        return response(environ, start_response)

    def _respond(self, environ: dict[str, Any]) -> Response:
        if self.portal:
            return Response(PORTAL_PAGE, content_type="text/html")
        return Response.from_app(self._app, environ)

    @contextmanager
    def running(self) -> Iterator["Site"]:
        """Serve inside the block."""
        self._app = Flask("app", static_folder=None)
        self._app.register_blueprint(blueprint.blueprint(lambda: (), lambda: self.build))
        with serving(make_server("127.0.0.1", 0, self.wsgi, threaded=True)) as self.url:
            yield self
