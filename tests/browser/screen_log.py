"""Everything that the windows of a phone have shown, across reloads: what is there for a moment counts too."""

from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page

_WATCH = """(() => {
  let last = "";
  const build = () => document.querySelector("script[type=module]")?.src.split("/")[5] ?? "";
  const look = () => {
    const text = document.getElementById("app")?.innerText ?? "";
    if (!text || text === last) return;
    last = text;
    const log = JSON.parse(localStorage.getItem("screen-log") ?? "[]");
    localStorage.setItem("screen-log", JSON.stringify([...log, { build: build(), text }]));
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
})();"""


@dataclass(frozen=True)
class Shown:
    """What the screen showed at one moment, and the build of the app that showed it."""

    build: str
    text: str


def log_screens(context: BrowserContext) -> None:
    """Log what every window shows that is opened from now on."""
    context.add_init_script(_WATCH)


def screens(page: Page) -> list[Shown]:
    """Return the log of all windows, oldest first; call it when none of them loads."""
    entries = page.evaluate("JSON.parse(localStorage.getItem('screen-log') ?? '[]')")
    return [Shown(entry["build"], entry["text"]) for entry in entries]
