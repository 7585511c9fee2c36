"""Serves the phone app at `/app`.

Addresses below `/app/files/<build>/` never change their content. Everything else is asked for again each time:
the page (which is the same for every address of the app), the service worker, the manifest, and the page that
repairs an installation, which depends on no build.
"""

from collections.abc import Callable, Sequence
from functools import cache

from flask import Blueprint, Response, abort, request

from backend.webapp import built_files
from backend.webapp.built_files import CODINGS, PLAIN, Build, BuiltFile, NotBuilt

NAME = "webapp"
FILES = "/app/files/"
DECODER = "scan/decoder_worker.js"
"""The only file that may compile WebAssembly: a worker has the policy of its own file."""
IMMUTABLE = "public, max-age=31536000, immutable"
CHECK_EACH_TIME = "no-cache"
PATHS = ("/app", "/app/", "/app/<path:path>", "/app/files/<build>/<path:path>")
"""The addresses, as Flask has them. All take GET only, and need no authentication: the files hold no data."""


@cache
def _installed_build() -> Build:
    return built_files.load()


def blueprint(
    segment_origins: Callable[[], Sequence[str]], read_build: Callable[[], Build] = _installed_build
) -> Blueprint:
    """Return the blueprint. *segment_origins* returns origins, beside our own, of segments."""
    app = Blueprint(NAME, __name__)

    def page(path: str = "") -> Response:
        if path in ("sw.js", "manifest.webmanifest", "reset.js"):
            return respond(read_build().files[path], CHECK_EACH_TIME)
        if path == "licenses.txt":
            return respond(read_build().files["files/vendor/LICENSES.txt"], CHECK_EACH_TIME)
        name = "reset.html" if path == "reset" else "index.html"
        return respond(read_build().files[name], CHECK_EACH_TIME)

    def file(build: str, path: str) -> Response:
        if build != read_build().id or f"files/{path}" not in read_build().files:
            abort(404, "This build of the app is not on this server.")
        return respond(read_build().files[f"files/{path}"], IMMUTABLE)

    def add_policies(response: Response) -> Response:
        if response.status_code == 503:
            return response  # Nothing is built.
        # A worker has the policy of its own file, not that of the page. Other files have no use for it, and on
        # HTTP/1.1 it would be a quarter of the bytes of the first screen.
        if request.path.startswith(FILES) and not request.path.endswith("worker.js"):
            return response
        rules = policy(read_build(), segment_origins(), compiles=request.path.endswith(DECODER))
        response.headers["Content-Security-Policy"] = rules
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
        return response

    def to_start() -> Response:
        return Response(status=308, headers={"Location": "/app/"})

    views: tuple[Callable[..., Response], ...] = (to_start, page, page, file)
    for path, view in zip(PATHS, views, strict=True):
        app.add_url_rule(path, path, view, methods=["GET"], provide_automatic_options=False)
    app.after_request(add_policies)
    app.register_error_handler(NotBuilt, say_not_built)
    return app


def policy(build: Build, connect_to: Sequence[str], *, compiles: bool) -> str:
    """Return the Content-Security-Policy of the app: our own files, and no script inside a page.

    *compiles*: the file is a worker that compiles WebAssembly.
    """
    wasm = " 'wasm-unsafe-eval'" if compiles else ""
    rules = {
        "default-src": "'none'",
        "base-uri": "'none'",
        "connect-src": " ".join(["'self'", *connect_to]),
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "img-src": "'self' blob: data:",
        "manifest-src": "'self'",
        "script-src": f"'self' 'sha256-{build.import_map_hash}'{wasm}",
        "style-src": "'self'",
        "worker-src": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def say_not_built(error: NotBuilt) -> Response:
    """Answer that nothing is built, and how to build it."""
    return Response(f"{error}\n", 503, content_type="text/plain")


def respond(file: BuiltFile, cache_control: str) -> Response:
    """Return *file* in a coding that the client accepts, or 304 if it has the file already."""
    accepted = request.accept_encodings
    coding = next((name for name in CODINGS if name in file.bodies and accepted.quality(name) > 0), PLAIN)
    response = Response(file.bodies[coding], content_type=file.media_type)
    response.headers["Cache-Control"] = cache_control
    response.vary.add("Accept-Encoding")
    if coding != PLAIN:
        response.headers["Content-Encoding"] = coding
    response.add_etag()
    response.make_conditional(request)
    return response
