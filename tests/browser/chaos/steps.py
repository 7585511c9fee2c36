"""The steps at which a browser can be killed, and how they get into a copy of the app's source.

The app itself has no hooks: a copy of it is edited, and each step asks a server of the test before it
continues. In a worker the question is synchronous, so the worker stands still in the middle of a transaction.
If a line of the source has changed, the edit that needs it fails.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class JsEdit:
    """In *file* of the app's source the text *old*, which is there once, becomes *new*."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Step:
    """The place after the text *after*, or before the text *before*, in *file*.

    Attributes:
        reached_by: What a rep does to get there: capture an `order` or a `claim`, or `update` the app.
        waits: Whether the question is asked by `await`, as in a window or a service worker.
    """

    name: str
    reached_by: str
    file: str
    after: str = ""
    before: str = ""
    waits: bool = False

    @property
    def edit(self) -> JsEdit:
        """The edit that puts the step there."""
        question = f'{"await " if self.waits else ""}globalThis.atStep("{self.name}");'
        old = self.after or self.before
        return JsEdit(self.file, old, f"{old}\n{question}" if self.after else f"{question}\n{old}")


ORDER, CLAIM, UPDATE = "order", "claim", "update"
_CAPTURE, _OUTBOX, _LOOP = "device/capture/capture.js", "device/store/outbox.js", "device/sync/loop.js"
_STORE_RESULTS = "    await this._pusher.storeResults(batch, reply.value?.results);"
STEPS = [
    Step("capture.begun", ORDER, _CAPTURE, after="  const id = ulid(now);"),
    Step("freeze.inside", ORDER, _OUTBOX, after='  await writeBytes(transaction, "document", id, frozen);'),
    Step("capture.inside", ORDER, _CAPTURE, after="      warnings,\n    });"),
    Step("capture.stored", ORDER, _CAPTURE, before="  return id;\n}"),
    Step("push.recorded", ORDER, _LOOP, after="    await this._pusher.recordAttempt(batch);"),
    Step("push.answered", ORDER, _LOOP, before=_STORE_RESULTS),
    Step("push.inside", ORDER, _OUTBOX, after="  for (const [n, { id, sha256 }] of documents.entries()) {"),
    Step("push.stored", ORDER, _LOOP, before="    const { page, problem } = reply.value;"),
    Step("pull.answered", ORDER, "device/sync/pull.js", after="    const page = readPage(value, etag);"),
    Step("apply.inside", ORDER, "device/store/replica.js", after="    await changes.write();"),
    Step(
        "apply.stored",
        ORDER,
        "device/store/replica.js",
        before="    await carryOver(stores);\n    return result;",
    ),
    Step(
        "apply.carried",
        ORDER,
        "device/store/outbox_updates.js",
        before="  await stores.replica.write(async (transaction) => {",
    ),
    Step(
        "shrink.begun",
        CLAIM,
        "receipts/files.js",
        after="async function shrink(file) {",
        waits=True,
    ),
    Step(
        "shrink.done",
        CLAIM,
        "receipts/input.js",
        after="    const found = await receiptFile(file);",
        waits=True,
    ),
    Step("photo.inside", CLAIM, "device/store/photos.js", before="    /** @type {PhotoInfo} */"),
    Step(
        "upload.created",
        CLAIM,
        "device/sync/uploads.js",
        after="    await this._store(receipt, { upload: path });",
    ),
    Step("upload.sent", CLAIM, "device/sync/uploads.js", after="      const previous = offset;"),
    Step(
        "upload.done",
        CLAIM,
        "device/sync/uploads.js",
        before="    await this._store(receipt, { upload: null, uploaded: true });",
    ),
    Step(
        "update.fetching",
        UPDATE,
        "sw.js",
        after="  if (await cache.match(address)) return;",
        waits=True,
    ),
    Step(
        "update.accepted",
        UPDATE,
        "shell/update.js",
        after="  await accepted.put(ACCEPTED_BUILD, new Response(build));",
        waits=True,
    ),
    Step("update.started", UPDATE, "main.js", after="watchErrors();", waits=True),
    Step("update.activating", UPDATE, "sw.js", after="async function begin() {", waits=True),
]

CHANNEL = "chaos"
"""A message in this channel closes the databases of every worker without a word, as a phone does."""
CLOCK = "chaos-clock"
"""The entry of localStorage with the error of the phone's clock, in milliseconds."""

_WORKER = """
globalThis.atStep = (name) => {
  const request = new XMLHttpRequest();
  request.open("GET", `{address}/${name}`, false);
  try { request.send(); } catch { }
};
const realNow = Date.now;
const error = Number(new URL(location.href).searchParams.get("clock"));
Date.now = () => realNow() + error;
new BroadcastChannel("{channel}").onmessage = () => {
  for (const handle of globalThis.opened ?? []) handle.close();
};
"""
_WINDOW = """
globalThis.atStep = (name) => fetch(`{address}/${name}`).catch(() => undefined);
"""


def edits(address: str) -> list[JsEdit]:
    """Return the edits that build the steps, a clock that can be wrong, and databases that can be closed.

    *address* is that of the server that is asked at each step.
    """
    worker = _WORKER.replace("{address}", address).replace("{channel}", CHANNEL)
    window = _WINDOW.replace("{address}", address)
    url = 'new URL("./worker.js", import.meta.url)'
    wrong = f'new URL("./worker.js?clock=" + (localStorage.getItem("{CLOCK}") ?? 0), import.meta.url)'
    opening = "    this._opening.catch(() => {"
    keep = "    this._opening.then((handle) => (globalThis.opened ??= []).push(handle), () => undefined);"
    return [
        JsEdit("main.js", "watchErrors();", f"{window}\nwatchErrors();"),
        JsEdit("sw.js", 'const SHELL = "/app/";', f'const SHELL = "/app/";\n{window}'),
        JsEdit("device/worker.js", "/** Methods after which", f"{worker}\n/** Methods after which"),
        JsEdit("device/remote.js", url, wrong),
        JsEdit("device/store/database.js", opening, f"{keep}\n{opening}"),
        *(step.edit for step in STEPS),
    ]
