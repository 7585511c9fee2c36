"""A server that speaks S3 on 127.0.0.1, in a process of its own; its data ends with it."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import httpx

from tests.services.process import ServerProcess, free_port

READY_SECONDS = 180
REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
}
"""Credentials as environment variables; the server accepts any."""


class S3Server:
    """The server; `with` starts and stops it."""

    def __init__(self, folder: Path) -> None:
        """Make the server; `folder` holds the log."""
        self.folder = Path(folder).absolute()
        self.port = 0
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start it and wait until it responds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        command = [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = ServerProcess(command, self.folder / "s3.log")
        self._process.wait_ready(self._answers, READY_SECONDS)
        return self

    def stop(self) -> None:
        """Stop it, which deletes its data."""
        if self._process:
            self._process.stop()
            self._process = None

    def make_bucket(self, name: str) -> Any:
        """Create the bucket and return a client with full access to it."""
        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name=REGION,
        )
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return client

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/moto-api/", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
