"""`satchel doctor` on what others can read: files, connections without encryption, and the audit trail.

Each topic of the report has a file of its own.
"""

import os
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import ERROR, OK, WARNING, Finding
from backend.identity import audit_chain
from backend.permissions import exposed
from backend.settings import PREFIX, Settings
from backend.settings.declaration import variable
from backend.settings.exposure import connections
from backend.settings.this_machine import is_this_machine

SHOWN = 3
"""Files that a finding names."""
VERIFIED = 1_000
"""Newest entries of the audit trail that `doctor` verifies."""
TRIGGERS = {
    "sqlite": {"audit_no_update", "audit_no_delete", "audit_no_replace"},
    "postgresql": {"audit_no_change", "audit_no_truncate"},
}
"""Those that refuse to change the audit table, by dialect (migration 0016)."""
_FIND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit'::regclass AND tgenabled IN ('O', 'A')",
}


def examine_files(settings: Settings) -> Iterator[Finding]:
    """Yield the finding about files that others may read."""
    open_to_others = exposed(settings)
    if not open_to_others:
        yield Finding(OK, "files", "readable by their owner only")
        return
    more = f" and {len(open_to_others) - SHOWN} more" if len(open_to_others) > SHOWN else ""
    names = ", ".join(str(each.path) for each in open_to_others[:SHOWN])
    commands = "; ".join(f"chmod {each.mode:o} {each.path}" for each in open_to_others[:SHOWN])
    yield Finding(WARNING, "files", f"others may read {names}{more}", f"{commands}, or restart as their owner")


def examine_connections(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each connection to another machine that is not encrypted."""
    plain = [
        each
        for each in connections(vars(settings), os.environ.get("PGSSLMODE", ""))
        if not each.encrypted and not is_this_machine(each.host)
    ]
    for each in plain:
        what = "passwords or tokens" if each.carries_secrets else "data"
        message = f"{variable(PREFIX, each.name)}: {what} for {each.host} cross the network in plain text"
        yield Finding(WARNING, "encryption", message, "use TLS, also on a network that you trust")
    if settings.erp.get("unencrypted") == "yes":
        message = "SATCHEL_ERP_UNENCRYPTED: the ERP's password may cross the network in plain text"
        yield Finding(WARNING, "encryption", message, "use https, also on a network that you trust")
    elif not plain:
        yield Finding(OK, "encryption", "every connection to another machine is encrypted")


def examine_audit(session: Session) -> Iterator[Finding]:
    """Yield the findings about the audit trail: whether the database protects it, and its end verifies."""
    dialect = session.get_bind().dialect.name
    missing = TRIGGERS[dialect] - set(session.scalars(text(_FIND[dialect])))
    if missing:
        yield Finding(
            ERROR,
            "audit trail",
            f"entries can be changed: the database lacks {', '.join(sorted(missing))}",
            "find out who removed them, run `satchel audit verify`, and restore them from a backup's schema",
        )
    try:
        count, head = audit_chain.verify(session, last=VERIFIED)
    except audit_chain.ChainBroken as error:
        yield Finding(ERROR, "audit trail", str(error), "`satchel audit verify`; compare with exports and logs")
        return
    if not missing:
        yield Finding(OK, "audit trail", f"{count} newest entries verify; entry {head.number} is the last")
