"""Gunicorn's own logs in our format: its lines quote what a client sent.

Apart from `logs`, which every process imports: this imports gunicorn.
A gunicorn of one's own names it with `--logger-class`, see docs/operations.md.
"""

import os
from typing import Any

from gunicorn.glogging import Logger

from backend import logs


class GunicornLog(Logger):
    """Gunicorn's logger with our formatter on its handlers."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers as gunicorn does, then escape what they write."""
        super().setup(cfg)
        form = os.environ.get("SATCHEL_LOG", "text")
        logs.escape_others(form if form in logs.FORMATTERS else "text")
