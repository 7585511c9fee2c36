"""Find a submission by its id, by the beginning or the end of the id, or by its ERP number."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.identity.names import is_storable
from backend.inbox.models import Binding, Submission
from sync_protocol.document_reference import is_part_of_id

SHOWN = 5


class AmbiguousReference(LookupError):
    """The text names no submission, or several; the message is a sentence without its full stop."""


def find_id(session: Session, text: str) -> str:
    """Return the id of the one submission that *text* names; raises `AmbiguousReference`.

    *text* is an id, the ERP number of a document, or at least four characters of the beginning or the end of an
    id.
    """
    text = text.strip()
    if not is_storable(text):
        raise AmbiguousReference(f"there is no document {text!a}; `satchel submissions` lists them")
    if session.scalar(select(Submission.id).where(Submission.id == text.upper())):
        return text.upper()
    by_number = (
        select(Submission.id)
        .outerjoin(Binding, Binding.local_id == Submission.id)
        .where(or_(Submission.erp_number == text, Binding.number == text))
    )
    candidates = set(session.scalars(by_number.limit(SHOWN + 1)))
    if not candidates and is_part_of_id(text):
        part = text.upper()
        alike = or_(Submission.id.startswith(part), Submission.id.endswith(part))
        candidates = set(session.scalars(select(Submission.id).where(alike).limit(SHOWN + 1)))
    if len(candidates) == 1:
        return candidates.pop()
    if not candidates:
        raise AmbiguousReference(f"there is no document {text}; `satchel submissions` lists them")
    shown = ", ".join(sorted(candidates)[:SHOWN]) + (" …" if len(candidates) > SHOWN else "")
    raise AmbiguousReference(f"{text} names more than one document: {shown}; write more of the id")
