"""`python -m tests.browser.device.measure`: 60,000 records in Chromium; first sync, cold start and keystrokes.

The server is a model in this process, on the same processors as the browser; so the first sync is an upper
bound.
"""

import json
import sys
from random import Random
from typing import Any

from playwright.sync_api import sync_playwright

from sync_protocol.conformance.http_server import HttpServer
from sync_protocol.conformance.scripted_server import CODE
from tests.browser.device.page import open_page, serve_modules
from tests.services.chromium import OTHER_ORIGINS, launch, new_context
from tests.unit.device.feed_server import FeedServer

COUNTS = {"customers": 12_000, "contacts": 12_000, "products": 12_000, "prices": 24_000}
SEGMENT_ROWS = 4_000
THROTTLE = 6
SYLLABLES = (
    "al", "pha", "be", "ta", "gam", "ma", "del", "ro", "san", "tek",
    "nor", "vis", "mar", "lum", "kor", "fen", "dal", "wit", "pol",
)  # fmt: skip
CHINESE = "北京上海广州深圳电子机械贸易有限公司科技工业材料"


def publish(server: FeedServer, counts: dict[str, int]) -> None:
    """Write records of every collection, and offer them in segments."""
    draw = Random(1)
    for collection, count in counts.items():
        stream = ("territory:NW", collection)
        for n in range(count):
            key = f"{collection[0].upper()}{n:06}"
            server.feed.write(stream, key, _record(draw, collection, key, n))
        server.feed.grant(stream)
        server.feed.build_in_segments(stream, SEGMENT_ROWS)


def _name(draw: Random) -> str:
    if draw.random() < 0.2:
        return "".join(draw.choices(CHINESE, k=8))
    words = ("".join(draw.choices(SYLLABLES, k=draw.randrange(2, 4))).title() for _ in range(2))
    return f"{' '.join(words)} {draw.choice(['GmbH', 'AG', 'Ltd', 'SA'])}"


def _record(draw: Random, collection: str, key: str, n: int) -> dict[str, Any]:
    name = _name(draw)
    if collection == "prices":
        product, amount = f"P{n % COUNTS['products']:06}", f"{draw.randrange(100, 99999) / 100:.2f}"
        return {
            "id": key, "price_list_id": f"L{n % 2}", "product_id": product, "unit": "pc", "min_quantity": "0",
            "amount": amount, "currency": "EUR", "valid_from": None, "valid_to": None,
        }  # fmt: skip
    if collection == "products":
        return {
            "id": key, "sku": f"SKU-{n:05}", "name": name, "kind": "product", "group": None, "base_unit": "pc",
            "units": [{"unit": "pc", "factor": "1"}], "barcodes": [f"40{n:011}"], "active": True,
            "sellable": True, "fits": [], "replaced_by": None, "search": "bei jing shang hai bjsh",
        }  # fmt: skip
    if collection == "contacts":
        return {
            "id": key, "customer_id": f"C{n % COUNTS['customers']:06}", "name": name, "role": None,
            "phones": [{"kind": "work", "number": f"+49 30 {n:07}"}], "emails": [f"p{n}@example.com"],
        }  # fmt: skip
    address = {
        "id": "1", "name": None, "uses": ["delivery"], "lines": [f"Street {n}"],
        "city": draw.choice(SYLLABLES).title(),
        "region": None, "postal_code": f"{n % 99999:05}", "country": "DE",
    }  # fmt: skip
    return {
        "id": key, "number": f"{100_000 + n}", "name": name, "kind": "organisation", "status": "active",
        "block_order": False, "block_delivery": False, "territory": "NW", "group": None, "tax_id": None,
        "language": "de", "currency": "EUR", "price_list_id": "L0", "payment_term": "30", "addresses":
        [address], "notes": None, "replaced_by": None,
    }  # fmt: skip


def queries() -> list[tuple[str, str]]:
    """Return what people type, letter by letter: names, numbers, cities, Chinese, words that do not occur."""
    texts = [
        "alphabeta",
        "103456",
        "gamma tek",
        "北京科技",
        "bjsh",
        "sku-01234",
        "4000000001234",
        "zzyzx",
        "mar gmbh",
    ]
    typed = [text[:n] for text in texts for n in range(1, len(text) + 1)]
    return [(collection, text) for collection in ("customers", "products", "contacts") for text in typed]


def measure(counts: dict[str, int]) -> dict[str, Any]:
    """Return the figures: seconds, milliseconds and counts."""
    server = FeedServer()
    publish(server, counts)
    http = HttpServer(server.respond)
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright, OTHER_ORIGINS)
            context = new_context(browser)
            serve_modules(context)
            first = open_page(context, "measure.js")
            figures: dict[str, Any] = first.evaluate("a => measure.firstSync(...a)", [http.address, CODE])
            figures["bytes"] = server.segments.bytes_sent
            first.close()
            for name, rate in (("", 1), (f" at {THROTTLE}x", THROTTLE)):
                page = open_page(context, "measure.js")
                context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
                figures[f"cold start{name}"] = page.evaluate("() => measure.coldStart()")
                page.evaluate("q => measure.keystrokes(q)", queries()[:5])
                times = page.evaluate("q => measure.keystrokes(q)", queries())
                ordered = sorted(times, key=lambda time: time[1])
                figures[f"keystroke median{name}"] = ordered[len(ordered) // 2][1]
                figures[f"keystroke p95{name}"] = ordered[int(len(ordered) * 0.95)][1]
                figures[f"slowest{name}"] = ordered[-1]
                page.close()
            browser.close()
    finally:
        http.close()
    return figures


if __name__ == "__main__":
    factor = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    print(json.dumps(measure({name: int(count * factor) for name, count in COUNTS.items()}), indent=1))
