"""`/app/reset` repairs an installation, and never touches the documents that wait to be sent."""

from playwright.sync_api import Page, expect

from tests.browser.phone import Phone
from tests.browser.site import Site

OUTBOX, REPLICA = "satchel-outbox", "satchel-replica"

DRAFT = "01KBR9YJ3M0000000000000001"
SAVE = """async ([id]) => {
  const base = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { device } = await import(base + "shell/device.js");
  const draft = { kind: "order", body: { notes: "kept" }, route: "", photos: [], supersedes: null };
  await device.call.saveDraft(id, draft);
}"""
READ = """async ([id]) => {
  const base = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { device } = await import(base + "shell/device.js");
  return (await device.call.draft(id)).body;
}"""


def databases(page: Page) -> set[str]:
    return {each["name"] for each in page.evaluate("indexedDB.databases()")}


def test_repair_keeps_the_outbox(shell: Phone) -> None:
    shell.open("/app/settings")
    shell.wait_until_installed()
    expect(shell.page.get_by_role("heading", name="Storage")).to_be_visible()
    shell.page.evaluate(SAVE, [DRAFT])
    assert databases(shell.page) == {OUTBOX, REPLICA}
    shell.open("/app/reset")
    shell.page.get_by_role("button", name="Repair").click()
    expect(shell.page.get_by_role("status")).to_contain_text("Done.")
    assert databases(shell.page) == {OUTBOX}
    assert shell.page.evaluate("caches.keys()") == []
    assert shell.page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0
    shell.page.get_by_role("link", name="Open the app").click()
    shell.wait_until_installed()
    names = shell.page.evaluate("caches.keys()")
    assert len([name for name in names if name.startswith("satchel-app-")]) == 1
    expect(shell.page.get_by_role("heading", level=1)).to_have_text("Connect this phone")
    assert shell.page.evaluate(READ, [DRAFT]) == {"notes": "kept"}


def test_repair_works_although_the_stored_app_is_broken(shell: Phone, site: Site) -> None:
    """The stored start module is garbage; the page of the repair comes from the server and does not need it."""
    shell.open()
    shell.wait_until_installed()
    shell.page.evaluate(
        """async () => {
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              if (request.url.endsWith("/main.js")) {
                const headers = {"Content-Type": "text/javascript"};
                await cache.put(request, new Response("throw new Error('broken')", {headers}));
              }
            }
          }
        }"""
    )
    shell.allowed += ["broken"]
    shell.page.reload()
    expect(shell.page.locator("#app")).to_be_empty()
    shell.open("/app/reset")
    shell.page.get_by_role("button", name="Repair").click()
    expect(shell.page.get_by_role("status")).to_contain_text("Done.")
    shell.open()
    expect(shell.page.get_by_role("heading", level=1)).to_have_text("Connect this phone")
