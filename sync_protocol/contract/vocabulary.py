"""The words about documents, as the contract has them: states, decisions, results, errors, reasons."""

from typing import Any

from sync_protocol.contract.labels import Labels
from sync_protocol.errors import ErrorCode
from sync_protocol.push import Status
from sync_protocol.sentence import PLACE
from sync_protocol.submission import FINAL, REPLACEABLE, Decision, State
from sync_protocol.wording import TEXTS

ATTENTION = frozenset({State.REJECTED})
"""States in which the rep must act."""
REASON, WORD, PARK, OWNER = "reason.", "word.", "park.", "owner."


def described(labels: Labels) -> dict[str, Any]:
    """Return these members of the contract: the keys from `states` to `words`."""
    return {
        "states": [
            {
                **_labelled("state", state.value, labels), "group": _group(state), "final": state in FINAL,
                "replaceable": state in REPLACEABLE,
            }
            for state in State
        ],
        "decisions": [_labelled("decision", decision.value, labels) for decision in Decision],
        "results": [_labelled("result", status.value, labels) for status in Status],
        "park_reasons": [_labelled("park", name, labels) for name in _names(PARK)],
        "owners": [{"name": name, "label": labels.text(name, OWNER + name)} for name in _names(OWNER)],
        "errors": [_error(code, labels) for code in ErrorCode],
        "reasons": [_reason(name) for name in _names(REASON)],
        "words": {name: TEXTS[WORD + name]._asdict() for name in _names(WORD)},
    }  # fmt: skip


def _labelled(subject: str, name: str, labels: Labels) -> dict[str, Any]:
    key = f"{subject}.{name}"
    return {"name": name, "label": labels.text(name, key), "sentence": labels.text(name, f"{key}.sentence")}


def _error(code: ErrorCode, labels: Labels) -> dict[str, Any]:
    labelled = _labelled("error", code.code, labels)
    return {"code": labelled.pop("name"), "status": code.status, **labelled}


def _reason(code: str) -> dict[str, Any]:
    text = TEXTS[REASON + code]
    parameters = sorted({name for name, _ in PLACE.findall(text.en)})
    return {"code": code, "parameters": parameters, "text": text._asdict()}


def _group(state: State) -> str:
    if state in ATTENTION:
        return "attention"
    return "settled" if state in FINAL else "waiting"


def _names(prefix: str) -> list[str]:
    """Return the names of a subject, each once, in alphabetical order."""
    return sorted({key[len(prefix) :].removesuffix(".sentence") for key in TEXTS if key.startswith(prefix)})
