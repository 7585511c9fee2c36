"""Technical terms: what a sentence for a rep must not contain, whoever wrote it.

Most messages of an ERP are about the document ("the minimum quantity is 5"), and the rep should read them. Some
are about a machine. They are recognized here by the words that only machines use, separate from
`rep_message.py`, because the table has another reason to grow.

Each term is as short as finding it needs, and no repetition is longer than such a word: the text is searched
from each of its characters on.
"""

import re

_TERMS = (
    r"(?<![\w.])~?/[\w.@+-]",  # a path: /srv/share
    r"\b[A-Za-z]:\\|\\\\\w",  # a path of Windows: C:\share, \\server\share
    r"\w://|\bwww\.",  # an address of the Web
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b",  # an IPv4 address
    r"(?:\b[0-9a-f]{0,4}:){3}",  # an IPv6 address
    r"\b[A-Za-z][\w-]{0,62}:\d{2,5}\b|\blocalhost\b",  # host:port
    r"\b[a-z_][\w-]{1,62}\.[A-Za-z_][\w-]",  # a host, a module or a file: db.internal, psycopg.errors
    r"[\w-]\.(?:csv|json|xml|py|log|txt|tmp|db|ini|cfg|conf|toml|ya?ml|sqlite\d?)\b",  # a file
    r"\w(?:Error|Exception|Timeout|Warning)\b|\b(?:Traceback|Errno|errno)\b",  # the class of an exception
    r"\bHTTPS?\b|\bstatus(?: code)? \d{3}\b|\b(?:SSL|TLS|TCP|DNS|SQLSTATE)\b",
    r"\b(?:SELECT|INSERT INTO|DELETE FROM|CREATE TABLE|ALTER TABLE)\b|\bUPDATE \w{1,64} SET\b",
    r"\b[A-Z]{2,40}_[A-Z_]{2,40}\b",  # a setting
    r"`|\bsatchel [a-z]",  # a command
    r"\b0x[0-9a-fA-F]{4,40}\b|<[\w.]{1,100} object",  # a value of a program
    r"<(?:!DOCTYPE|html|body|head|title|pre|h1)\b|[{\[]['\"]\w{1,64}['\"]:",  # a page, JSON
    r"\bsha256\b|\bNoneType\b",
)
_PATTERN = re.compile("|".join(f"(?:{term})" for term in _TERMS))


def has_technical_terms(text: str) -> bool:
    """Say whether *text* names a path, an address, a host, a class, a setting, a command, or the like."""
    return _PATTERN.search(text) is not None
