"""Which store the settings name."""

from backend.settings import Settings
from backend.sync.segments.folder import FolderStore
from backend.sync.segments.store import Store


def store_of(settings: Settings) -> Store:
    """Return the store of segments that *settings* name; nothing is touched yet."""
    return FolderStore(settings.folder / "segments")
