# SPDX-License-Identifier: GPL-3.0-or-later
"""The mixin of every document that has a key of Satchel."""

from trytond.model import Unique, fields


class SatchelKeyMixin:
    """Adds `satchel_key`, unique per company; empty for documents from elsewhere."""

    __slots__ = ()

    # Not readonly: Tryton refuses such a field over RPC, also at creation.
    satchel_key = fields.Char(
        "Satchel Key",
        help="The id of the submission this document was made from.\nNo two documents of a company share one.",
    )

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        # A constraint of the database, not a check in Python: two transactions at the same
        # moment do not see each other's rows, the index does. Empty keys are NULL and pass.
        cls._sql_constraints.append(
            (
                "satchel_key_unique",
                Unique(table, table.company, table.satchel_key),
                "satchel.msg_key_exists",
            )
        )

    @classmethod
    def preprocess_values(cls, mode, values):
        """Keep an emptied key NULL: two empty texts would count as one key."""
        values = super().preprocess_values(mode, values)
        if not (values.get("satchel_key", "-") or "").strip():
            values["satchel_key"] = None
        return values

    @classmethod
    def copy(cls, records, default=None):
        """A copy did not come from the submission."""
        default = {} if default is None else default.copy()
        default.setdefault("satchel_key", None)
        return super().copy(records, default=default)
