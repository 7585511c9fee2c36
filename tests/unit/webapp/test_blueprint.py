"""The addresses of the phone app: headers, codings, and what an installation without a build answers."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.webapp import blueprint
from backend.webapp.builder.paths import APP
from backend.webapp.built_files import Build, BuiltFile, NotBuilt

PAGE = b"<!doctype html><title>Satchel</title>"
PAGES = ("index.html", "reset.html", "reset.js", "sw.js", "manifest.webmanifest")
FILES = {name: BuiltFile("text/html; charset=utf-8", {"identity": PAGE, "br": b"packed"}) for name in PAGES}
FILES["files/main.js"] = BuiltFile("text/javascript; charset=utf-8", {"identity": b"//", "br": b"small"})
FILES["files/device/worker.js"] = FILES[f"files/{blueprint.DECODER}"] = FILES["files/main.js"]
BUILD = Build("abc", "1.0", "hash=", FILES)


def client_of(read_build=lambda: BUILD, origins=()) -> FlaskClient:
    app = Flask("app", static_folder=None)
    app.register_blueprint(blueprint.blueprint(lambda: origins, read_build))
    return app.test_client()


@pytest.mark.parametrize("path", ["/app/", "/app/outbox", "/app/record/customers/C1", "/app/reset"])
def test_every_address_has_a_page_that_is_checked_each_time(path: str) -> None:
    reply = client_of().get(path)
    assert (reply.status_code, reply.data, reply.headers["Cache-Control"]) == (200, PAGE, "no-cache")
    again = client_of().get(path, headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_files_of_the_build_never_change() -> None:
    reply = client_of().get("/app/files/abc/main.js", headers={"Accept-Encoding": "gzip, br"})
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (reply.data, reply.headers["Content-Encoding"]) == (b"small", "br")
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_file_of_another_build_is_not_there() -> None:
    assert client_of().get("/app/files/other/main.js").status_code == 404
    assert client_of().get("/app/files/abc/none.js").status_code == 404


@pytest.mark.parametrize("accepted", ["", "gzip", "br;q=0", "identity"])
def test_a_client_gets_only_a_coding_that_it_accepts(accepted: str) -> None:
    reply = client_of().get("/app/files/abc/main.js", headers={"Accept-Encoding": accepted})
    assert (reply.data, "Content-Encoding" in reply.headers) == (b"//", False)
    assert "Accept-Encoding" in reply.headers["Vary"]


@pytest.mark.parametrize("path", ["/app/", "/app/sw.js", "/app/files/abc/device/worker.js"])
def test_pages_and_scripts_have_the_policy(path: str) -> None:
    """A worker has the policy of its own file."""
    policy = client_of(origins=("https://cdn.example.com",)).get(path).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' 'sha256-hash='"
    assert rules["connect-src"] == "'self' https://cdn.example.com"
    assert "unsafe" not in policy and "*" not in policy


def test_only_the_decoder_may_compile_webassembly() -> None:
    policies = {
        path: client_of().get(path).headers["Content-Security-Policy"]
        for path in ("/app/", "/app/files/abc/device/worker.js", f"/app/files/abc/{blueprint.DECODER}")
    }
    page, device, decoder = policies.values()
    assert page == device
    assert decoder == page.replace("'sha256-hash='", "'sha256-hash=' 'wasm-unsafe-eval'")
    assert (APP / blueprint.DECODER).exists()


def test_an_installation_without_a_build_says_what_to_do() -> None:
    def missing() -> Build:
        raise NotBuilt("run the build")

    for path in ("/app/", "/app/sw.js", "/app/files/abc/main.js"):
        reply = client_of(missing).get(path)
        assert (reply.status_code, reply.text) == (503, "run the build\n")
