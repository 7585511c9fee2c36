"""The tables, in Markdown."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.bench.report import aims
from tests.bench.report.aims import Results

NAMES = {
    "satchel": "Satchel", "reference": "Satchel's reference device", "rows": "Satchel, rows only",
    "handwritten": "hand-written", "kinto": "Kinto", "static": "static file",
}  # fmt: skip
Figure = tuple[str, str, str, Callable[[float], str]]


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.2f} ms"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.2f} MB"


def _kilobytes(value: float) -> str:
    return f"{value / 1e3:.1f} kB"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


FIGURES: tuple[Figure, ...] = (
    ("first", "seconds", "first sync", lambda v: f"{v:.2f} s"),
    ("first", "rows_per_second", "… records a second", _whole),
    ("first", "server_cpu_per_1000", "… server CPU per 1,000 records", _milliseconds),
    ("first", "bytes", "… bytes on the wire", _megabytes),
    ("first", "web_peak", "… peak memory of the web processes", _megabytes),
    ("first", "client_peak", "… peak memory of the client", _megabytes),
    ("first", "generator_cpu_per_1000", "… client CPU per 1,000 records", _milliseconds),
    ("delta", "p50", "delta after 1 % changed, p50", _milliseconds),
    ("delta", "p95", "… p95", _milliseconds),
    ("delta", "bytes", "… bytes on the wire", _kilobytes),
    ("delta", "server_cpu", "… server CPU", _milliseconds),
    ("delta", "generator_cpu", "… client CPU", _milliseconds),
    ("idle", "polls_per_second", "idle polls a second", _whole),
    ("idle", "server_cpu", "… server CPU per poll", _milliseconds),
    ("idle", "bytes", "… bytes on the wire per poll", _whole),
    ("idle", "generator_cpu", "… generator CPU per poll", _milliseconds),
    ("push", "orders_per_second", "orders pushed a second", _whole),
    ("push", "server_cpu", "… server CPU per order", _milliseconds),
    ("push", "generator_cpu", "… client CPU per order", _milliseconds),
)
MULTIPLES = (
    ("first", "seconds", "first sync", True),
    ("delta", "p50", "delta after 1 % changed", True),
    ("idle", "polls_per_second", "idle polls a second", False),
    ("push", "orders_per_second", "orders pushed a second", False),
)


def markdown(results: Results) -> str:
    """Return all figures of the run, as sections of a page."""
    return "\n\n".join(part for part in _sections(results) if part)


def _sections(results: Results) -> Iterator[str]:
    yield results["about"]
    yield _section("Aims", ["figure", "measured", "aim", ""], aims.rows(results))
    main: Mapping[str, Any] = results.get("main", {})
    if main:
        yield _section(
            "As multiples of the hand-written endpoint: more is better",
            _heads(main),
            _multiples(main),
        )
        yield _section("Absolute figures", _heads(main), _absolute(main))
        yield _section(
            "Sent again though nothing had changed",
            ["", "delta of", "records", "of these sent again"],
            _sent_again(main),
        )
    yield _growth(results.get("growth", {}))
    drain = results.get("drain", {})
    yield _section(
        "Forwarding queued orders to an ERP that takes 200 ms for each, four workers",
        ["orders", "seconds", "a second", "possible", "share", "workers' CPU per order", "database's"],
        [
            [
                _whole(drain["orders"]), f"{drain['seconds']:.1f}", f"{drain['orders_per_second']:.1f}",
                f"{drain['possible']:.0f}", f"{drain['share']:.0%}", _milliseconds(drain["worker_cpu"]),
                _milliseconds(drain["database_cpu"]),
            ]
        ] if drain else [],
    )  # fmt: skip
    tryton = results.get("tryton", {})
    yield _section(
        "Forwarding queued orders to a real Tryton, as many at a time as its connector allows",
        ["orders", "seconds", "a second", "Tryton's own limit", "share"],
        [
            [
                _whole(tryton["orders"]), f"{tryton['seconds']:.1f}", f"{tryton['orders_per_second']:.2f}",
                f"{tryton['possible']:.2f}", f"{tryton['share']:.0%}",
            ]
        ] if tryton else [],
    )  # fmt: skip
    slow = results.get("slow", {})
    yield _section(
        "First sync at 250 kbit/s and 400 ms",
        ["", "seconds", "bytes on the wire", "records"],
        [[NAMES[n], f"{f['seconds']:.1f}", _megabytes(f["bytes"]), _whole(f["rows"])] for n, f in slow.items()],
    )
    yield _section(
        "A rep's day on bad lines",
        ["line", "seconds", "of these the first sync", "bytes down", "bytes up", "requests", "cuts",
         "bytes twice"],
        [
            [
                name, f"{f['seconds']:.0f}", f"{f['first_seconds']:.0f}", _kilobytes(f["down"]),
                _kilobytes(f["up"]), _whole(f["requests"]), _whole(f["cuts"]),
                f"{_kilobytes(f['twice'])} ({f['twice'] / (f['down'] + f['up']):.0%})",
            ]
            for name, f in results.get("day", {}).items()
        ],
    )  # fmt: skip


def _growth(growth: Mapping[int, Mapping[str, Any]]) -> str:
    lines = []
    for part, figure, _, render in FIGURES:
        part = {"delta": "fixed"}.get(part, part)
        if (part, figure) not in _GROWING:
            continue
        for name in ("satchel", "handwritten"):
            figures = [render(f[name][part][figure]) if name in f else "" for f in growth.values()]
            if not any(figures):
                continue
            lines.append([f"{_GROWING[part, figure]}, {NAMES[name]}", *figures])
    return _section("Growth", ["", *(f"{size:,} records" for size in growth)], lines if growth else [])


_GROWING = {
    ("first", "seconds"): "first sync",
    ("first", "rows_per_second"): "… records a second",
    ("first", "web_peak"): "… peak memory of the web processes",
    ("fixed", "p50"): "fixed delta, p50",
    ("fixed", "server_cpu"): "… server CPU",
    ("idle", "polls_per_second"): "idle polls a second",
    ("idle", "server_cpu"): "… server CPU per poll",
}


def _heads(main: Mapping[str, Any]) -> list[str]:
    return ["", *(NAMES[name] for name in main)]


def _multiples(main: Mapping[str, Any]) -> Iterator[list[str]]:
    for part, figure, title, less_is_better in MULTIPLES:
        base = main.get("handwritten", {}).get(part, {}).get(figure)
        if base:
            values = [figures.get(part, {}).get(figure) for figures in main.values()]
            ratios = [v and (base / v if less_is_better else v / base) for v in values]
            yield [title, *(f"{ratio:.2f}" if ratio else "" for ratio in ratios)]


def _absolute(main: Mapping[str, Any]) -> Iterator[list[str]]:
    for part, figure, title, render in FIGURES:
        values = [figures.get(part, {}).get(figure) for figures in main.values()]
        if any(value is not None for value in values):
            yield [title, *("" if value is None else render(value) for value in values)]


def _sent_again(main: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, figures in main.items():
        for part, size in (("delta", "1 %"), ("fixed", "fixed size")):
            if figures.get(part, {}).get("surplus"):
                yield [NAMES[name], size, _whole(figures[part]["rows"]), _whole(figures[part]["surplus"])]


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"### {title}", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines])
