"""Types of the JSON objects whose fields the catalogue declares. At run time they are plain dicts and lists.

An object with one fixed shape has a `TypedDict` beside its schema instead: `push.ResultJson`,
`problem.ProblemJson`, `submission.SubmissionJson`, `checksum.ChecksumJson`, `office.ParkedJson`.
"""

from collections.abc import Mapping
from typing import Any

JsonObject = dict[str, Any]
"""Any JSON object; the docstring or the schema beside it says which."""

Record = Mapping[str, Any]
"""A record of a collection, for reading.

Its keys are the fields of `COLLECTIONS[name].schema`; docs/reference/catalogue.md lists them. Its values are
JSON. Amounts and quantities are text, and times are ISO 8601.
"""

NewRecord = dict[str, Any]
"""A record that a function has built or decoded; the caller may change it. It has the keys of `Record`."""

Body = Mapping[str, Any]
"""The body of a submission, for reading: its keys are the fields of `KINDS[kind].schema`."""

NewBody = dict[str, Any]
"""A body that a function has built or decoded; the caller may change it. It has the keys of `Body`."""

BodyLine = Mapping[str, Any]
"""One object of the list `lines` of a body; it has the keys of the schema nested there."""
