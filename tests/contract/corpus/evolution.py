"""Records and kinds evolve by addition: finds changes of definitions that break an app of an older revision.

Definitions are those of `sync_protocol/reference/json_schema.py`. A device reads records and replies, so no
field of them may be removed, change its type, or become null or absent. It writes documents and requests, so no
field of them may become required or narrower.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

WRITTEN = ("Submission", "PushRequest", "SyncRequest", "EnrolRequest", "TokenRequest")
"""Definitions that devices write, in addition to the bodies of kinds."""

GATED = {("Page", "reset"): {"epoch_rebased"}, ("Changes", "collection"): {"price_limits"}}
"""Values that a reply has only for devices of a revision that knows them; `pull.py` ensures it."""

OPEN_ENDED = {("Problem", "code"), ("SubmissionRecord", "state")}
"""Enumerations that may grow: a device reads an unknown code by its HTTP status and shows an unknown state."""


def breaks(before: Json, now: Json) -> list[str]:
    """Return the changes from *before* to *now* that break an app built for the definitions *before*."""
    written = _reached(before, _kinds(before) | set(WRITTEN))
    faults: list[str] = []
    for name, definition in before.items():
        if name not in now:
            faults.append(f"{name} is gone")
        else:
            faults += _object(name, definition, now[name], by_device=name in written)
    return faults


def _kinds(definitions: Json) -> set[str]:
    """Return the names of the bodies' definitions, which `Submission` lists by kind."""
    return {
        _target(clause["then"]["properties"]["body"]) for clause in definitions["Submission"].get("allOf", [])
    }


def _target(value: Json) -> str:
    return str(value["$ref"]).rpartition("/")[2]


def _reached(definitions: Json, names: set[str]) -> set[str]:
    """Return *names* and every definition that one of them refers to, directly or not."""
    reached: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [_target(ref) for ref in _references(definitions[name].get("properties", {}))]
    return reached


def _references(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _object(name: str, before: Json, now: Json, *, by_device: bool) -> Iterator[str]:
    was, is_ = before.get("properties", {}), now.get("properties", {})
    for field, described in was.items():
        if field not in is_:
            yield f"{name}.{field} is gone"
        else:
            yield from _field(name, field, described, is_[field], by_device=by_device)
    required, required_before = set(now.get("required", [])), set(before.get("required", []))
    if by_device:
        for field in sorted(required - required_before):
            yield f"{name}.{field} is required now, and older apps do not send it"
    else:
        for field in sorted(required_before - required):
            yield f"{name}.{field} may be absent now, and older apps rely on it"


def _field(name: str, field: str, before: Json, now: Json, *, by_device: bool) -> Iterator[str]:
    where = f"{name}.{field}"
    was_null, before = _without_null(before)
    is_null, now = _without_null(now)
    if by_device and was_null and not is_null:
        yield f"{where} may not be null any more"
    if not by_device and is_null and not was_null:
        yield f"{where} may be null now"
    for part in ("type", "format", "pattern", "$ref"):
        if before.get(part) != now.get(part):
            yield f"{where} has another {part}: {before.get(part)} became {now.get(part)}"
    values, values_before = set(now.get("enum", [])), set(before.get("enum", []))
    added = values - values_before - GATED.get((name, field), set())
    if by_device and values_before - values:
        yield f"{where} does not take {', '.join(sorted(values_before - values))} any more"
    if not by_device and values_before and added and (name, field) not in OPEN_ENDED:
        yield f"{where} says {', '.join(sorted(added))}, which older apps do not know"
    if by_device:
        for bound, narrower in (
            ("maxLength", min), ("maximum", min), ("maxItems", min), ("minimum", max), ("minItems", max),
        ):  # fmt: skip
            old, new = before.get(bound), now.get(bound)
            if new is not None and (old is None or (new != old and narrower(old, new) == new)):
                yield f"{where} is narrower: {bound} was {old} and is {new}"
    if "items" in before and "items" in now:
        yield from _field(name, f"{field}[]", before["items"], now["items"], by_device=by_device)


def _without_null(described: Json) -> tuple[bool, Json]:
    """Return whether null is allowed, and the description without null."""
    if "anyOf" in described:
        others = [option for option in described["anyOf"] if option != {"type": "null"}]
        return True, others[0]
    if isinstance(described.get("type"), list):
        kept = {**described, "type": described["type"][0]}
        if "enum" in kept:
            kept["enum"] = [value for value in kept["enum"] if value is not None]
        return True, kept
    return False, described
