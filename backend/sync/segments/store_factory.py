"""Create the store that the settings name.

Separate from `store`, which only declares the protocol: this module knows every implementation of it.
"""

import importlib.util

from backend.settings import SettingError, Settings
from backend.sync.segments.file_store import FileStore
from backend.sync.segments.s3_store import S3Store
from backend.sync.segments.store import Store


def make_store(settings: Settings) -> Store:
    """Return the store that *settings* name, without accessing it.

    Raises `SettingError` if it is a bucket and boto3 is not installed.
    """
    if not settings.segment_store:
        return FileStore(settings.folder / "segments", group_reads=bool(settings.segment_accel))
    if importlib.util.find_spec("boto3") is None:
        raise SettingError("SATCHEL_SEGMENT_STORE needs the package boto3: install `satchel[s3]`")
    bucket, _, prefix = settings.segment_store.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix, settings.segment_s3_endpoint or None)
