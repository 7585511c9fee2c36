"""Which store the settings name, and what links to its files they ask for."""

import importlib.util

from backend.identity.keys import Keys
from backend.settings import SettingError, Settings
from backend.sync.segments.file_store import FileStore
from backend.sync.segments.links import Linker, SignedLinks, StoreLinks
from backend.sync.segments.s3_store import S3Store
from backend.sync.segments.store import Store


def make_store(settings: Settings) -> Store:
    """Return the store of segments that *settings* name; nothing is touched yet.

    Raises `SettingError` where it is a bucket and the package that speaks S3 is not installed.
    """
    if not settings.segment_store:
        return FileStore(settings.folder / "segments")
    if importlib.util.find_spec("boto3") is None:
        raise SettingError("SATCHEL_SEGMENT_STORE needs the package boto3: install `satchel[s3]`")
    bucket, _, prefix = settings.segment_store.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix, settings.segment_s3_endpoint or None)


def make_links(settings: Settings, keys: Keys) -> SignedLinks:
    """Return what signs links to our own door and knows them again."""
    return SignedLinks(keys, settings.segment_base_url, settings.segment_link_seconds)


def make_linker(settings: Settings, links: SignedLinks, store: Store) -> Linker:
    """Return what makes the links of offers: the store, where phones may fetch there themselves, or *links*."""
    if settings.segment_presign == "yes" and isinstance(store, S3Store):
        return StoreLinks(store, settings.segment_link_seconds)
    return links
