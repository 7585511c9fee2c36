"""The tables of the phone app."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Sequence[str]
PLACES = {"search": "search in everything", "customers": "list of customers"}
SLOW = {"no": "as it is", "page": "page 6× slower", "all": "page and worker 6× slower"}
KEY_HEADS = ("screen", "what is typed", "processor", "keys", "p50", "p95", "of these the device's answer, p95")


def keystroke_p95(app: Mapping[str, Any], language: str) -> float:
    """Return the highest p95 of the screens in *language*, page and worker six times slower: milliseconds."""
    rows = (row for row in app["keystrokes"] if row["language"] == language and row["slow"] == "all")
    return 1000 * max((row["p95"] for row in rows), default=0.0)


def figures(app: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of all figures but those of keystrokes, as far as they were measured."""
    screen, sync, start = (app.get(name) for name in ("first_screen", "first_sync", "offline_start"))
    if screen:
        for name, how in (("emulated", "requests of the page delayed"), ("line", "whole line delayed")):
            yield f"first screen usable at 250 kbit/s and 400 ms, {how}", f"{screen[name]['seconds']:.1f} s"
            yield "… bytes that had arrived", f"{screen[name]['bytes'] / 1e3:.1f} kB"
    if "offline_bytes" in app:
        yield "everything that is kept to open offline", f"{app['offline_bytes'] / 1e3:.1f} kB"
    if sync:
        yield f"first sync of {sync['rows']:,} records from segments", f"{sync['seconds']:.1f} s"
        yield "… bytes on the wire", f"{sync['bytes'] / 1e6:.2f} MB"
        yield "… heap of the worker after it", f"{sync['heap'] / 1e6:.1f} MB"
        yield "… peak memory of the browser's process of the app", f"{sync['peak'] / 1e6:.0f} MB"
        yield "… longest time without an answer to inputs", f"{1000 * sync['longest_without_input']:.0f} ms"
    if start:
        yield "cold start without a server until a search shows its results", f"{start['seconds']:.2f} s"
        yield "… until the search field is there", f"{start['usable']:.2f} s"
        yield "… until the results, page and worker 6× slower", f"{start['throttled']:.2f} s"


def keystrokes(app: Mapping[str, Any]) -> Iterator[Row]:
    """Yield a row for each screen, language and speed of the processor, and two for typing during a sync."""
    for row in app.get("keystrokes", ()):
        yield PLACES[row["place"]], row["language"], SLOW[row["slow"]], *_times(row)
    syncing = app.get("syncing")
    if syncing:
        for name, when in (("quiet", "no sync"), ("syncing", "sync over a slow line")):
            if name in syncing:
                yield f"{PLACES['search']}, {when}", "both", SLOW["no"], *_times(syncing[name])


def _times(row: Mapping[str, float]) -> Row:
    return f"{row['keys']:.0f}", *(f"{1000 * row[name]:.0f} ms" for name in ("p50", "p95", "device"))
