"""What a person of the office may see and do: the table of roles, a territory, and deputies."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.identity.models import Assignment, Rep
from backend.inbox.models import Submission
from backend.office.errors import ActionRefused
from backend.office.roles import ACTING, RECEIPTS, ROLES, Names, Permission, Role
from backend.receipts.models import ReceiptHolder
from sync_protocol.errors import ErrorCode


@dataclass(frozen=True)
class Grant:
    """One role of a person, or a role that the person has as a deputy."""

    role: Role
    territory: str | None
    """Only documents and phones of the reps of this territory; None: of all reps."""
    instead_of: str | None = None
    """The account whose role it is; None: the person's own."""

    def names(self, permission: Permission) -> Names | None:
        """Return for which kinds and collections the grant has *permission*; None if for none."""
        access = ROLES[self.role]
        if permission not in access.permissions or (access.needs_territory and self.territory is None):
            return None
        return access.acts_on if permission in ACTING else access.reads


@dataclass(frozen=True)
class OfficeUser:
    """The person who makes a request."""

    name: str
    grants: tuple[Grant, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that the person has now, their own and those of others, each once."""
        return tuple(sorted({grant.role.value for grant in self.grants}))

    def has(self, permission: Permission, name: str | None = None) -> bool:
        """Say whether the person has *permission* at all, or for the kind or collection *name* of some rep."""
        return any(name is None or name in names for _, names in self._grants(permission))

    def may(self, session: Session, permission: Permission, name: str, rep: str) -> bool:
        """Say whether the person has *permission* for what is called *name* and belongs to *rep*."""
        grants = [grant for grant, names in self._grants(permission) if name in names]
        if any(grant.territory is None for grant in grants):
            return True
        territories = {grant.territory for grant in grants}
        return bool(grants) and any(
            channel.partition(":")[2] in territories for channel in _territories_of(session, rep)
        )

    def documents(self, permission: Permission = Permission.VIEW) -> ColumnElement[bool]:
        """Return the condition that selects the submissions for which the person has *permission*."""
        return or_(
            false(),
            *(
                and_(
                    true() if names.is_everything else Submission.kind.in_(sorted(names.names)),
                    _of_territory(Submission.rep, grant.territory),
                )
                for grant, names in self._grants(permission)
            ),
        )

    def reps(self, permission: Permission) -> ColumnElement[bool]:
        """Return the condition that selects the reps whose phones or documents *permission* covers."""
        return or_(false(), *(_of_territory(Rep.id, grant.territory) for grant, _ in self._grants(permission)))

    def _grants(self, permission: Permission) -> Iterator[tuple[Grant, Names]]:
        for grant in self.grants:
            names = grant.names(permission)
            if names is not None:
                yield grant, names


def require_document(session: Session, user: OfficeUser, permission: Permission, row: Submission) -> None:
    """Raise `ActionRefused` unless *user* has *permission* for the document *row*.

    The code is `not_found` for a document that the user may not even see, so that its id reveals nothing.
    """
    if not user.may(session, Permission.VIEW, row.kind, row.rep):
        raise ActionRefused(ErrorCode.NOT_FOUND, f"there is no document {row.id}")
    if not user.may(session, permission, row.kind, row.rep):
        message = (
            f"none of the roles {', '.join(user.roles)} may {permission.value} documents of kind {row.kind}"
        )
        raise ActionRefused(ErrorCode.ROLE_MISSING, message)


def may_see_receipt(session: Session, user: OfficeUser, permission: Permission, sha256: str) -> bool:
    """Say whether *user* has *permission* for receipts of a rep who has uploaded the receipt *sha256*."""
    holders = session.scalars(select(ReceiptHolder.rep).where(ReceiptHolder.sha256 == sha256))
    return any(user.may(session, permission, RECEIPTS, rep) for rep in holders.all())


def _territories_of(session: Session, rep: str) -> list[str]:
    assigned = select(Assignment.channel).where(
        Assignment.rep == rep, Assignment.until.is_(None), Assignment.channel.startswith("territory:")
    )
    return list(session.scalars(assigned))


def _of_territory(rep: InstrumentedAttribute[str], territory: str | None) -> ColumnElement[bool]:
    if territory is None:
        return true()
    return rep.in_(
        select(Assignment.rep).where(Assignment.channel == f"territory:{territory}", Assignment.until.is_(None))
    )
