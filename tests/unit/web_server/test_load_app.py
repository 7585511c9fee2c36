"""What a web process has done before its first request."""

from pathlib import Path
from typing import Any

import pytest

from backend import app as composition
from backend.api.services import EXTENSION
from backend.settings import read_settings
from backend.web_server import app as web_process


@pytest.mark.parametrize(("document", "renders"), [("openapi", "render"), ("contract", "rendered_contract")])
def test_no_request_renders_the_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: str, renders: str
) -> None:
    calls: list[str] = []

    def rendered(*given: object) -> bytes:
        calls.append(renders)
        return b"{}"

    monkeypatch.setattr(composition, renders, rendered)
    # What outlives the test in this process: the watch's thread and the collector's settings.
    monkeypatch.setattr(web_process, "start_watch", lambda settings: None)
    monkeypatch.setattr(web_process, "_collect_less", lambda: None)
    app = web_process.load_app(read_settings({"SATCHEL_FOLDER": str(tmp_path)}))
    services: Any = app.extensions[EXTENSION]
    assert calls == [renders]
    getattr(services, document)()
    assert calls == [renders]
