"""A phone: a browser process of its own with a profile on the disk, which can be killed at any moment."""

import hashlib
import json
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright

from sync_protocol.canonical import canonical
from tests.browser.chaos.comparison import PhoneDocument
from tests.browser.chaos.installation import MARKS
from tests.browser.chaos.steps import CHANNEL, CLOCK
from tests.eventually import eventually
from tests.services.binaries import chromium_program
from tests.services.chromium import FLAGS, PATIENCE_MS
from tests.services.process import ServerProcess

_READ = """async () => {
  const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  if (!(await indexedDB.databases()).some(({ name }) => name === "satchel-outbox")) return [];
  const database = await result(indexedDB.open("satchel-outbox"));
  const items = await result(database.transaction("item").objectStore("item").getAll());
  database.close();
  const kept = items.filter(({ key }) => key.startsWith("document/") || key.startsWith("processing/"));
  return kept.map(({ key, bytes }) => [key, new TextDecoder().decode(bytes)]);
}"""


class BrowserPhone:
    """A browser with the profile in *folder*, which opens the app at *url*.

    Attributes:
        page: The window that is open first.
    """

    page: Page

    def __init__(self, playwright: Playwright, folder: Path, url: str) -> None:
        self._playwright, self._folder, self.url = playwright, folder, url
        self._process: ServerProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def context(self) -> BrowserContext:
        """All windows."""
        return self.page.context

    def start(self) -> None:
        """Start the browser with an empty window."""
        port = self._folder / "profile" / "DevToolsActivePort"
        port.unlink(missing_ok=True)
        command = [
            str(chromium_program()),
            *FLAGS,
            # The app asks a server of the test at each step.
            "--disable-features=LocalNetworkAccessChecks",
            "--window-size=390,844",
            f"--user-data-dir={self._folder / 'profile'}",
            "--remote-debugging-port=0",
            "about:blank",
        ]
        self._process = ServerProcess(command, self._folder / "browser.log")

        def lines() -> list[str]:
            written = port.read_text().splitlines() if port.exists() else []
            return written if len(written) == 2 else []

        address = f"http://127.0.0.1:{eventually(lines, 'the browser starts')[0]}"
        context = self._playwright.chromium.connect_over_cdp(address).contexts[0]
        context.set_default_timeout(PATIENCE_MS)
        self.page = context.pages[0]

    def kill(self) -> None:
        """Kill the browser and all its processes, as an empty battery would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Kill the browser and start it again."""
        self.kill()
        self.start()

    def set_clock(self, error: float) -> None:
        """Let the clock be wrong by *error* seconds from the next start of the app on."""
        self.page.evaluate("entry => localStorage.setItem(...entry)", [CLOCK, str(round(error * 1000))])

    def limit_storage(self, quota: int | None) -> None:
        """Leave the app *quota* bytes of storage in all; None ends that."""
        session = self.context.new_cdp_session(self.page)
        session.send(
            "Storage.overrideQuotaForOrigin",
            {"origin": self.url, **({} if quota is None else {"quotaSize": quota})},
        )

    def close_databases(self) -> None:
        """Close the databases behind the app's back, as the system does while an app sleeps."""
        self.page.evaluate("name => new BroadcastChannel(name).postMessage('close')", CHANNEL)

    def delete_replica(self) -> None:
        """Delete the replica while the app runs, as a browser does that needs room."""
        self.page.evaluate("indexedDB.deleteDatabase('satchel-replica')")

    def outbox(self) -> list[PhoneDocument]:
        """Return the documents in the outbox, read without the app's modules."""
        items: dict[str, str] = dict(self.page.evaluate(_READ))
        documents = []
        for key, text in items.items():
            kind, _, id = key.partition("/")
            if kind != "document":
                continue
            frozen, processing = json.loads(text), json.loads(items[f"processing/{id}"])
            if frozen["kind"] not in MARKS or processing["dismissed"]:
                continue
            mark = str(frozen["body"].get(MARKS[frozen["kind"]]) or "")
            body = hashlib.sha256(canonical(frozen["body"])).hexdigest()
            documents.append(PhoneDocument(id, mark, body, str(processing["state"])))
        return documents
