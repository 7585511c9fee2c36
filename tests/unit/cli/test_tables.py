"""A table fits the terminal, or is printed row by row."""

import pytest

from backend.cli.context import console
from backend.cli.tables import Columns, print_table, visible

ROWS = [("01M8M7847FGXQ7EKZ89D54SD6R", "Verladerampe"), ("01M8M76J8R1KEAD5K2JYBACT38", None)]
COLUMNS: Columns[tuple[str, str | None]] = {"id": lambda row: row[0], "place": lambda row: row[1]}


def printed(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(console, "width", width)
    with console.capture() as capture:
        print_table(ROWS, COLUMNS)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_wide_terminal_shows_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(80, monkeypatch)
    assert any("│ 01M8M7847FGXQ7EKZ89D54SD6R │ Verladerampe │" in line for line in lines)


def test_a_narrow_terminal_shows_whole_words_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(40, monkeypatch)
    assert lines == [
        " id     01M8M7847FGXQ7EKZ89D54SD6R",
        " place  Verladerampe",
        "",
        " id  01M8M76J8R1KEAD5K2JYBACT38",
        "",
    ]


@pytest.mark.parametrize("width", [80, 40])
def test_a_cell_is_printed_as_it_is(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", width)
    with console.capture() as capture:
        print_table([("fe80:ab:cd:1", ":smile: [b]")], COLUMNS)
    assert "fe80:ab:cd:1" in capture.get() and ":smile: [b]" in capture.get()


def test_an_empty_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with console.capture() as capture:
        print_table([], COLUMNS, empty="Nothing is here.")
    assert capture.get() == "Nothing is here.\n"


def test_text_of_an_erp_is_shown_without_control_sequences_and_markup() -> None:
    with console.capture() as captured:
        print_table(["[/b] \x1b[2J \u202e"], {"text": lambda row: row})
        console.print(visible("[/i] \x1b[3J"))
    text = captured.get()
    assert "[/b] \\x1b[2J \\u202e" in text
    assert "[/i] \\x1b[3J" in text


def test_a_long_word_is_not_cut_while_another_column_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 80)
    path = "/srv/satchel/instance/segments"
    row = {"status": "ok", "subject": "segments", "finding": f"stored in {path}", "what to do": "free " * 20}
    with console.capture() as capture:
        print_table([row], {name: lambda row, name=name: row[name] for name in row})
    output = capture.get()
    assert path in output and max(map(len, output.splitlines())) <= 80
