"""Create the links that the settings name. Apart from the store, because only the web server needs keys."""

from collections.abc import Callable
from urllib.parse import urlsplit

from backend.identity.key_ring import KeyRing
from backend.settings import Settings
from backend.sync.segments.links import Linker, SignedLinks, StoreLinks
from backend.sync.segments.s3_store import S3Store
from backend.sync.segments.store import Store, StoreFailed


def make_links(settings: Settings, keys: KeyRing) -> SignedLinks:
    """Return the signer of links to our own `/v1/segments`, which also verifies them."""
    return SignedLinks(keys, settings.segment_base_url, settings.segment_link_seconds)


def make_linker(settings: Settings, links: SignedLinks, store: Store) -> Linker:
    """Return the source of links for offers: the store, if phones may fetch from it directly, else *links*."""
    if settings.segment_presign == "yes" and isinstance(store, S3Store):
        return StoreLinks(store, settings.segment_link_seconds)
    return links


def make_link_origins(settings: Settings, store: Store) -> Callable[[], tuple[str, ...]]:
    """Return a function that returns the origins (beside our own) to which the linker's links lead.

    A page of the phone app must allow them. It is a function because a store may answer only later.
    """

    def origins() -> tuple[str, ...]:
        url = settings.segment_base_url
        if settings.segment_presign == "yes" and isinstance(store, S3Store):
            try:
                url = store.address("0" * 64, 1)
            except StoreFailed:
                return ()
        parts = urlsplit(url)
        return (f"{parts.scheme}://{parts.netloc}",) if parts.netloc else ()

    return origins
