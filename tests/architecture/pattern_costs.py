"""How the work of a regular expression grows with the text, found in the expression itself.

Python's engine backtracks: after two repetitions that may share a character, or one inside another, it may read
a text again for each place in it. The rule here allows what cannot do that. It refuses some patterns that would
do no harm; those are written differently, with `(?>…)` or `*+`, which are never entered again.
"""

import re
from collections.abc import Iterable, Iterator
from re import _constants as op
from re import _parser as parser
from typing import Any

FEW = 128
"""A repetition of at most this many characters is work of a fixed size."""
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
_SAMPLES = [*map(chr, range(256)), "\u0661", "\u2028", "\u4e00", "\udc80", "\ufffd"]


def fault(pattern: "re.Pattern[Any]", *, anchored: bool) -> str | None:
    """Return why *pattern* may need more than linear time; None if it cannot.

    *anchored*: it is used with `match` or `fullmatch`. Otherwise it is tried at each place of the text, so that
    a repetition that may fail at its end is one too many.
    """
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    items = list(parser.parse(text, flags))
    for path in _paths(items):
        open_repeats = _open(path, flags)
        if isinstance(open_repeats, str):
            return open_repeats
        if not anchored and open_repeats and not _ends_with_repeat(path):
            return "a repetition before the end is tried at each place of the text"
    return None


def _paths(items: list[Any]) -> Iterator[list[Any]]:
    """Yield the sequences that *items* may stand for: groups are opened, and alternatives are taken apart."""
    if not items:
        yield []
        return
    (kind, value), rest = items[0], items[1:]
    if kind is op.SUBPATTERN:
        heads: Iterable[list[Any]] = _paths(list(value[3]))
    elif kind is op.BRANCH:
        heads = (path for branch in value[1] for path in _paths(list(branch)))
    elif kind in _REPEATS and value[1] == 1:
        heads = [[], *_paths(list(value[2]))] if value[0] == 0 else _paths(list(value[2]))
    else:
        heads = [[(kind, value)]]
    tails = list(_paths(rest))
    for head in heads:
        for tail in tails:
            yield head + tail


def _open(path: list[Any], flags: int) -> list[Any] | str:
    """Return the long repetitions of *path* that may be entered again, or why they are too many."""
    open_places: list[Any] = []
    for place, (kind, value) in enumerate(path):
        if kind in (op.ATOMIC_GROUP, op.POSSESSIVE_REPEAT):
            inner = value if kind is op.ATOMIC_GROUP else value[2]
            for inside in _paths(list(inner)):
                nested = _open(inside, flags)
                if isinstance(nested, str):
                    return nested
                if kind is op.POSSESSIVE_REPEAT and nested:
                    return "a repetition inside another"
                if len(nested) > 1:
                    return "two repetitions in a group"
        if kind not in _REPEATS or value[1] <= FEW:
            continue
        if any(isinstance(_open(inner, flags), str) or _open(inner, flags) for inner in _paths(list(value[2]))):
            return "a repetition inside another"
        if open_places and not _separated(path, open_places[-1], place, flags):
            return "two repetitions that may share a text"
        open_places.append(place)
    return open_places


def _separated(path: list[Any], first: int, second: int, flags: int) -> bool:
    """Say whether a character that the repetition at *first* cannot hold stands directly behind it."""
    behind = path[first + 1 : second]
    if not behind or behind[0][0] in _REPEATS:
        return False
    repeated = path[first][1][2]
    return not (_characters(list(repeated), flags) & _characters(behind[:1], flags))


def _characters(items: list[Any], flags: int) -> set[str]:
    """Return the sample characters that the first item of *items* may hold."""
    state = parser.State()
    state.flags = flags
    kind, value = items[0]
    if kind is op.LITERAL:
        return {chr(value)}
    if kind is op.SUBPATTERN:
        return _characters(list(value[3]), flags)
    if kind is op.ANY:
        return set(_SAMPLES)
    if kind is op.IN:
        return {each for each in _SAMPLES if _is_in(each, value)}
    return set(_SAMPLES)


def _is_in(character: str, members: list[Any]) -> bool:
    code, negated, inside = ord(character), False, False
    for kind, value in members:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            inside |= code == value
        elif kind is op.RANGE:
            inside |= value[0] <= code <= value[1]
        elif kind is op.CATEGORY:
            name = {op.CATEGORY_DIGIT: r"\d", op.CATEGORY_WORD: r"\w", op.CATEGORY_SPACE: r"\s"}.get(value)
            inside |= name is None or bool(re.match(name, character))
    return inside != negated


def _ends_with_repeat(path: list[Any]) -> bool:
    """Say whether *path* is one repetition alone: then each character is read once by `sub` and `finditer`."""
    return len(path) == 1 and path[0][0] in _REPEATS
