"""The folders of the phone app, and of the console's scripts and styles."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
WEBAPP = Path(__file__).parents[1]
APP = WEBAPP / "app"
"""Our own files, as they are written."""
LOCK = WEBAPP / "package-lock.json"
MODULES = WEBAPP / "node_modules"
"""What npm installs. Git ignores it."""
VENDOR = WEBAPP / "vendor"
"""The files of libraries that the app loads, and their licences. Git ignores it."""
BUILT = WEBAPP / "built"
"""The files that the server sends. Git ignores it, and the wheel contains it."""
CONSOLE = WEBAPP.parent / "console"
CONSOLE_BUILT = CONSOLE / "built"
"""The console's files that the server sends. Git ignores it, and the wheel contains it."""
