"""Segments in a bucket of an S3-compatible store. boto3 finds credentials and region."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from backend.failpoints import failpoint
from backend.sync.segments.store import SegmentMissing, StoredFile, StoreFailed
from sync_protocol.fields import Sha256
from sync_protocol.segment import MEDIA_TYPE

_PROBE = "probe"
_MISSING = ("404", "NoSuchKey", "InvalidRange")


class S3Store:
    """Objects `<prefix>/<sha256>` of one bucket; *endpoint* is the store's URL, None for AWS.

    A builder holds a snapshot while it writes, and the database ends a transaction that is idle for a minute.
    So the timeouts keep a call, with all its attempts, below a minute.
    """

    def __init__(self, bucket: str, prefix: str, endpoint: str | None) -> None:
        self.bucket, self.endpoint = bucket, endpoint
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @cached_property
    def client(self) -> Any:
        """The boto3 client, created on first use."""
        # Imported here and below, because boto3 is there only with the extra `satchel[s3]`.
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"total_max_attempts": 2},
            signature_version="s3v4",
            s3={"addressing_style": "path" if self.endpoint else "auto"},
        )
        session = boto3.session.Session()
        region = session.region_name or ("us-east-1" if self.endpoint else None)
        return session.client("s3", endpoint_url=self.endpoint, region_name=region, config=config)

    def put(self, name: str, data: bytes) -> None:
        with self._failures():
            try:
                if self.client.head_object(**self._at(name))["ContentLength"] == len(data):
                    return
            except self.client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in _MISSING:
                    raise
            failpoint("segments.after_draft")
            self.client.put_object(
                **self._at(name),
                Body=data,
                ContentType=MEDIA_TYPE,
                CacheControl="private, max-age=31536000, immutable",
            )

    def open(self, name: str, start: int, length: int) -> "_Body":
        with self._failures(name):
            reply = self.client.get_object(**self._at(name), Range=f"bytes={start}-{start + length - 1}")
        return _Body(reply["Body"], int(reply["ContentRange"].rpartition("/")[2]))

    def delete(self, name: str) -> None:
        with self._failures():
            self.client.delete_object(**self._at(name))

    def stored(self) -> Iterator[StoredFile]:
        with self._failures():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(self.prefix)
                    # A bucket without a prefix may hold other objects, and a sweep may delete what is listed.
                    if Sha256.pattern.fullmatch(name):
                        yield StoredFile(name, item["LastModified"])

    def check(self) -> str:
        with self._failures():
            self.client.put_object(**self._at(_PROBE), Body=b"x")
            self.client.get_object(**self._at(_PROBE))["Body"].read()
            self.client.delete_object(**self._at(_PROBE))
        return f"s3://{self.bucket}/{self.prefix} at {self.client.meta.endpoint_url}"

    def address(self, name: str, seconds: int) -> str:
        """Return a URL from which the object may be fetched for *seconds*."""
        with self._failures():
            url: str = self.client.generate_presigned_url(
                "get_object", Params=self._at(name), ExpiresIn=seconds
            )
        return url

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + name}

    @contextmanager
    def _failures(self, name: str | None = None) -> Iterator[None]:
        """Turn the errors of boto3 into ours.

        If *name* is given, a missing object raises `SegmentMissing` instead of `StoreFailed`.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if name is not None and error.response["Error"]["Code"] in _MISSING:
                raise SegmentMissing(name) from None
            raise StoreFailed(f"s3://{self.bucket}: {error}") from error
        except BotoCoreError as error:
            raise StoreFailed(f"s3://{self.bucket}: {error}") from error


class _Body:
    """A part of an object, passed on as it arrives."""

    def __init__(self, body: Any, size: int) -> None:
        self._body, self.size = body, size

    def read(self, size: int = -1, /) -> bytes:
        from botocore.exceptions import BotoCoreError

        try:
            data: bytes = self._body.read(None if size < 0 else size)
        except BotoCoreError as error:
            raise StoreFailed(f"the download of the object was interrupted: {error}") from error
        if not data:
            self.close()
        return data

    def close(self) -> None:
        self._body.close()
