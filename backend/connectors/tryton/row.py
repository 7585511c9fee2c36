"""Types of what Tryton's JSON-RPC returns, and of what the mappings take and make.

This file is separate because the mappings, which are pure, must not import the client.
"""

from typing import Any

Row = dict[str, Any]
"""Fields of one record of a Tryton model, by name: those that the caller has requested, and `id`.

The values are as Tryton sends them, decoded: None, bool, int, str, Decimal, date, datetime, or a list of ids.
The fields of a related record are a `Row` under the name of the relation and a dot, such as `"party."`.
"""

Raw = dict[str, Any]
"""All that one record is mapped from: rows and lists of rows by the names in the mapping's docstring."""

Values = dict[str, Any]
"""The values of a Tryton record to create, by field; a list of commands for a one2many field."""
