"""Create the store and the links that the settings name.

Separate from `store`, which only declares the protocol: this module imports every implementation of it.
"""

import importlib.util

from backend.identity.keys import Keys
from backend.settings import SettingError, Settings
from backend.sync.segments.file_store import FileStore
from backend.sync.segments.links import Linker, SignedLinks, StoreLinks
from backend.sync.segments.s3_store import S3Store
from backend.sync.segments.store import Store


def make_store(settings: Settings) -> Store:
    """Return the store that *settings* name, without accessing it.

    Raises `SettingError` if it is a bucket and boto3 is not installed.
    """
    if not settings.segment_store:
        return FileStore(settings.folder / "segments")
    if importlib.util.find_spec("boto3") is None:
        raise SettingError("SATCHEL_SEGMENT_STORE needs the package boto3: install `satchel[s3]`")
    bucket, _, prefix = settings.segment_store.removeprefix("s3://").partition("/")
    return S3Store(bucket, prefix, settings.segment_s3_endpoint or None)


def make_links(settings: Settings, keys: Keys) -> SignedLinks:
    """Return the signer of links to our own `/v1/segments`, which also verifies them."""
    return SignedLinks(keys, settings.segment_base_url, settings.segment_link_seconds)


def make_linker(settings: Settings, links: SignedLinks, store: Store) -> Linker:
    """Return the source of links for offers: the store, if phones may fetch from it directly, else *links*."""
    if settings.segment_presign == "yes" and isinstance(store, S3Store):
        return StoreLinks(store, settings.segment_link_seconds)
    return links
