"""Segments in a bucket of a store that speaks S3. Credentials and region are found as boto3 finds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from backend.failpoints import failpoint
from backend.sync.segments.store import SegmentMissing, Stored, StoreFailed
from sync_protocol.fields import Sha256
from sync_protocol.segment import MEDIA_TYPE

_PROBE = "probe"
_NOT_THERE = ("404", "NoSuchKey", "InvalidRange")


class S3Store:
    """Objects `<prefix>/<sha256>` of one bucket; *endpoint* is the store's address, none for AWS.

    A builder holds a snapshot while it writes, and the database ends a transaction that is idle for a
    minute, so a call takes less than that with all its tries.
    """

    def __init__(self, bucket: str, prefix: str, endpoint: str | None) -> None:
        self.bucket, self.endpoint = bucket, endpoint
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @cached_property
    def client(self) -> Any:
        """The connection, made when it is first needed."""
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
                if error.response["Error"]["Code"] not in _NOT_THERE:
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
            found = self.client.get_object(**self._at(name), Range=f"bytes={start}-{start + length - 1}")
        return _Body(found["Body"], int(found["ContentRange"].rpartition("/")[2]))

    def delete(self, name: str) -> None:
        with self._failures():
            self.client.delete_object(**self._at(name))

    def stored(self) -> Iterator[Stored]:
        with self._failures():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for found in page.get("Contents", ()):
                    name = found["Key"].removeprefix(self.prefix)
                    # A bucket without a prefix may hold what is not ours, and what is listed may be deleted.
                    if Sha256.pattern.fullmatch(name):
                        yield Stored(name, found["LastModified"])

    def check(self) -> str:
        with self._failures():
            self.client.put_object(**self._at(_PROBE), Body=b"x")
            self.client.get_object(**self._at(_PROBE))["Body"].read()
            self.client.delete_object(**self._at(_PROBE))
        return f"s3://{self.bucket}/{self.prefix} at {self.client.meta.endpoint_url}"

    def address(self, name: str, seconds: int) -> str:
        """Return an address from which the object may be fetched for *seconds*."""
        with self._failures():
            url: str = self.client.generate_presigned_url(
                "get_object", Params=self._at(name), ExpiresIn=seconds
            )
        return url

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + name}

    @contextmanager
    def _failures(self, name: str | None = None) -> Iterator[None]:
        """Turn what boto3 raises into our errors; *name*: of the file whose absence is not a failure."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if name is not None and error.response["Error"]["Code"] in _NOT_THERE:
                raise SegmentMissing(name) from None
            raise StoreFailed(f"s3://{self.bucket}: {error}") from error
        except BotoCoreError as error:
            raise StoreFailed(f"s3://{self.bucket}: {error}") from error


class _Body:
    """A piece of an object, passed on as it comes in."""

    def __init__(self, body: Any, size: int) -> None:
        self._body, self.size = body, size

    def read(self, size: int = -1, /) -> bytes:
        from botocore.exceptions import BotoCoreError

        try:
            data: bytes = self._body.read(None if size < 0 else size)
        except BotoCoreError as error:
            raise StoreFailed(f"the object broke off: {error}") from error
        if not data:
            self.close()
        return data

    def close(self) -> None:
        self._body.close()
