"""The tables, in Markdown."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.bench.parts import threads, turns
from tests.bench.report import aims, app
from tests.bench.report.aims import Results

NAMES = {
    "satchel": "Satchel", "granian": "Satchel under granian", "reference": "Satchel's reference device",
    "rows": "Satchel, rows only",
    "handwritten": "hand-written", "kinto": "Kinto", "static": "static file",
}  # fmt: skip
COMMANDS = {"python": "`python -c pass`", "help": "`satchel --help`", "doctor": "`satchel doctor`"}
Figure = tuple[str, str, str, Callable[[float], str]]


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.2f} ms"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.2f} MB"


def _kilobytes(value: float) -> str:
    return f"{value / 1e3:.1f} kB"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _push(phones: int, title: str) -> tuple[Figure, ...]:
    part = f"push{phones}"
    return (
        (part, "orders_per_second", title, _whole),
        (part, "web_cpu", "… CPU of the web server per order", _milliseconds),
        (part, "database_cpu", "… of the database", _milliseconds),
        (part, "generator_cpu", "… of the client", _milliseconds),
    )


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
    ("delta", "web_cpu", "… CPU of the web server", _milliseconds),
    ("delta", "database_cpu", "… of the database", _milliseconds),
    ("delta", "generator_cpu", "… client CPU", _milliseconds),
    ("idle", "polls_per_second", "idle polls a second", _whole),
    ("idle", "web_cpu", "… CPU of the web server per poll", _milliseconds),
    ("idle", "database_cpu", "… of the database", _milliseconds),
    ("idle", "bytes", "… bytes on the wire per poll", _whole),
    ("idle", "generator_cpu", "… generator CPU per poll", _milliseconds),
    *_push(1, "orders pushed a second by one phone"),
    *_push(2, "orders pushed a second by two phones"),
    *_push(4, "orders pushed a second by four phones"),
)
GROWING: tuple[Figure, ...] = (
    ("first", "seconds", "first sync", lambda v: f"{v:.2f} s"),
    ("first", "rows_per_second", "… records a second", _whole),
    ("first", "web_peak", "… peak memory of the web processes", _megabytes),
    ("fixed", "p50", "fixed delta, p50", _milliseconds),
    ("fixed", "server_cpu", "… server CPU", _milliseconds),
    ("idle", "polls_per_second", "idle polls a second", _whole),
    ("idle", "server_cpu", "… server CPU per poll", _milliseconds),
)
MULTIPLES = (
    ("first", "seconds", "first sync", True),
    ("delta", "p50", "delta after 1 % changed", True),
    ("idle", "polls_per_second", "idle polls a second", False),
    ("push1", "orders_per_second", "orders pushed a second by one phone", False),
    ("push2", "orders_per_second", "… by two phones at once", False),
    ("push4", "orders_per_second", "… by four phones at once", False),
    ("push1", "server_cpu", "server CPU of an order pushed by one phone", True),
    ("push1", "web_cpu", "… of the web server", True),
    ("push1", "database_cpu", "… of the database", True),
    ("push2", "server_cpu", "server CPU of an order pushed by two phones", True),
)


def markdown(results: Results) -> str:
    """Return all figures of the run, as sections of a page."""
    return "\n\n".join(part for part in _sections(results) if part)


def _sections(results: Results) -> Iterator[str]:
    yield results["about"]
    if results.get("left_out"):
        yield f"Not measured, because the run reached its time limit: {', '.join(results['left_out'])}."
    if results.get("failed"):
        yield f"Not measured, because an error stopped them: {', '.join(results['failed'])}."
    yield _section("Targets", ["figure", "measured", "target", ""], aims.rows(results))
    main: Mapping[str, Any] = results.get("main", {})
    if main:
        yield _section(
            "As multiples of the hand-written endpoint: more is better (quartiles of the rounds)",
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
    yield from _fresh(results.get("fresh", {}))
    yield _section(
        "Start-up of commands",
        ["command", "CPU"],
        [[COMMANDS[name], f"{figures['cpu']:.3f} s"] for name, figures in results.get("commands", {}).items()],
    )
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
    forward = results.get("forward", {})
    yield _section(
        "Forwarding by one thread to an ERP that costs nothing, an order",
        ["orders", "statements", "transactions", "CPU of Python", "of the database"],
        [
            [
                _whole(forward["orders"]), f"{forward['statements']:.1f}", f"{forward['transactions']:.1f}",
                _milliseconds(forward["cpu"]), _milliseconds(forward["database_cpu"]),
            ]
        ] if forward else [],
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
    yield _section(
        "Threads of one web process",
        ["server, threads", "idle polls a second", "server CPU", f"orders a second by {threads.PHONES} phones",
         "server CPU"],
        threads.table(results.get("threads", {})),
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
    phone = results.get("app", {})
    yield _section("The phone app in Chromium", ["figure", "measured"], app.figures(phone))
    yield _section(
        "A key of a search in the phone app, until its results are painted",
        app.KEY_HEADS,
        app.keystrokes(phone),
    )


def _growth(growth: Mapping[int, Mapping[str, Any]]) -> str:
    lines = []
    for part, figure, title, render in GROWING:
        for name in ("satchel", "handwritten"):
            figures = [render(f[name][part][figure]) if name in f else "" for f in growth.values()]
            if any(figures):
                lines.append([f"{title}, {NAMES[name]}", *figures])
    return _section("Growth", ["", *(f"{size:,} records" for size in growth)], lines)


def _fresh(fresh: Mapping[str, Any]) -> Iterator[str]:
    if not fresh:
        return
    heads = ["CPU of an order", *(f"{(n + 1) * fresh['orders']:,}" for n in range(len(fresh["database"])))]
    lines = [
        [title, *(_milliseconds(value) for value in fresh[part])]
        for title, part in (
            ("of a new database", "database"),
            ("of one that was vacuumed while it was empty", "vacuumed"),
            ("of the web server", "web"),
        )
    ]
    yield _section("Orders on a fresh database, by thousands, without ANALYZE", heads, lines)


def _heads(main: Mapping[str, Any]) -> list[str]:
    return ["", *(NAMES[name] for name in main)]


def _multiples(main: Mapping[str, Any]) -> Iterator[list[str]]:
    for part, figure, title, less_is_better in MULTIPLES:
        base = main.get("handwritten", {}).get(part)
        if base:
            cells = []
            for figures in main.values():
                pair = (base, figures.get(part)) if less_is_better else (figures.get(part), base)
                cells.append(_multiple(*pair, figure) if figures.get(part) else "")
            yield [title, *cells]


def _multiple(above: turns.Figures, below: turns.Figures, figure: str) -> str:
    """Return a ratio with its quartiles; that of a system with itself has none."""
    quartiles = "" if above is below else f" ({aims.between(*turns.spread(above, below, figure))})"
    return f"{turns.ratio(above, below, figure):.2f}{quartiles}"


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
