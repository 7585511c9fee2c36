"""Segments in a store that speaks S3: built there, streamed through, linked to, withdrawn, swept."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.clock import ManualClock, SystemClock
from backend.settings import SettingError, Settings, read_settings
from backend.sync.segments import link_factory, store_factory, sweep
from backend.sync.segments.due import build_due
from backend.sync.segments.links import SignedLink
from backend.sync.segments.s3_store import S3Store
from backend.sync.segments.store import SegmentMissing, StoreFailed
from backend.sync.segments.store_factory import make_store
from tests.eventually import SECONDS
from tests.services.process import free_port
from tests.services.s3 import CREDENTIALS, S3Server
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.segments.company import customers, set_of


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return "b" + sha256(request.node.nodeid.encode()).hexdigest()[:20]


@pytest.fixture
def objects(s3: S3Server, bucket: str) -> Any:
    """A client that looks into the bucket past our own code."""
    return s3.make_bucket(bucket)


def settings_for(tmp_path: Path, s3: S3Server, bucket: str, **variables: str) -> Settings:
    return read_settings(
        {
            "SATCHEL_FOLDER": str(tmp_path / "instance"),
            "SATCHEL_SEGMENT_STORE": f"s3://{bucket}/company/segments",
            "SATCHEL_SEGMENT_S3_ENDPOINT": s3.url,
            **variables,
        }
    )


@pytest.fixture
def installation(
    tmp_path: Path, s3: S3Server, bucket: str, objects: Any, clock: ManualClock, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    settings = settings_for(tmp_path, s3, bucket, **getattr(request, "param", {}))
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as running:
        yield running


def offered_segment(phone: Phone) -> dict:
    (segment,) = json.loads(phone.pull(query={"schema": 2}).data)["segments"]
    return segment


def test_the_store_writes_reads_lists_and_deletes_a_file(
    tmp_path: Path, s3: S3Server, bucket: str, objects: Any
) -> None:
    store = make_store(settings_for(tmp_path, s3, bucket))
    store.put("a" * 64, b"0123456789")
    store.put("a" * 64, b"9876543210")  # by its name it is the same, and stays
    piece = store.open("a" * 64, 2, 5)
    assert (piece.size, piece.read(3), piece.read(), piece.read()) == (10, b"234", b"56", b"")
    assert objects.head_object(Bucket=bucket, Key="company/segments/" + "a" * 64)["ContentLength"] == 10
    assert [file.name for file in store.stored()] == ["a" * 64]
    store.delete("a" * 64)
    store.delete("a" * 64)
    assert list(store.stored()) == []
    with pytest.raises(SegmentMissing):
        store.open("a" * 64, 0, 10)
    assert bucket in store.check()
    assert list(store.stored()) == []


def test_a_phone_reads_through_the_server(installation: Installation, objects: Any, bucket: str) -> None:
    phone = installation.phone()
    segment = offered_segment(phone)
    assert segment["url"] is None
    path = f"/v1/segments/{segment['sha256']}"
    reply = phone.ask("GET", path)
    assert reply.status_code == 200 and sha256(reply.data).hexdigest() == segment["sha256"]
    part = phone.ask("GET", path, headers={"Range": "bytes=-7"})
    assert (part.status_code, part.data) == (206, reply.data[-7:])
    assert part.headers["Content-Range"].endswith(f"/{segment['bytes']}")


@pytest.mark.parametrize("installation", [{"SATCHEL_SEGMENT_PRESIGN": "yes"}], indirect=True)
def test_a_phone_may_be_redirected_to_the_store(installation: Installation, s3: S3Server) -> None:
    segment = offered_segment(installation.phone())
    assert segment["url"].startswith(s3.url) and "X-Amz-Signature=" in segment["url"]
    assert sha256(httpx.get(segment["url"], timeout=SECONDS).content).hexdigest() == segment["sha256"]


def test_a_missing_object_is_withdrawn_and_rebuilt(
    installation: Installation, objects: Any, bucket: str
) -> None:
    phone = installation.phone()
    segment = offered_segment(phone)
    key = f"company/segments/{segment['sha256']}"
    objects.delete_object(Bucket=bucket, Key=key)
    reply = phone.ask("GET", f"/v1/segments/{segment['sha256']}")
    assert (reply.status_code, reply.headers["Satchel-Error"]) == (410, "segment_gone")
    assert offered_segment(phone)["sha256"] == segment["sha256"]
    assert phone.ask("GET", f"/v1/segments/{segment['sha256']}").status_code == 200


def test_an_orphan_object_is_swept(
    installation: Installation, objects: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(installation.settings)
    build_due(installation.sessions, store, SystemClock(), installation.settings)
    store.put("f" * 64, b"left by a builder that died")
    objects.put_object(Bucket=bucket, Key="another/tenant", Body=b"not ours")
    monkeypatch.setattr(sweep, "UNREFERENCED_HOURS", 0)
    assert sweep.sweep(installation.sessions, store, SystemClock(), installation.settings).files == 1
    assert {file.name for file in store.stored()} == {row.sha256 for row in set_of(installation.sessions)}
    assert objects.head_object(Bucket=bucket, Key="another/tenant")["ContentLength"] == 8


def test_a_bucket_without_a_prefix_is_swept_of_segments_only(
    tmp_path: Path, s3: S3Server, bucket: str, objects: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path, s3, bucket, SATCHEL_SEGMENT_STORE=f"s3://{bucket}")
    foreign = ("invoices.pdf", "backup/" + "b" * 64)
    for key in (*foreign, "f" * 64):
        objects.put_object(Bucket=bucket, Key=key, Body=b"x")
    monkeypatch.setattr(sweep, "UNREFERENCED_HOURS", 0)
    with install(settings, clock) as installation:
        assert sweep.sweep(installation.sessions, make_store(settings), SystemClock(), settings).files == 1
    assert {entry["Key"] for entry in objects.list_objects_v2(Bucket=bucket)["Contents"]} == set(foreign)


def test_an_unreachable_store_costs_only_segments(tmp_path: Path, bucket: str, clock: ManualClock) -> None:
    settings = read_settings(
        {
            "SATCHEL_FOLDER": str(tmp_path / "instance"),
            "SATCHEL_SEGMENT_STORE": f"s3://{bucket}",
            "SATCHEL_SEGMENT_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        }
    )
    with pytest.raises(StoreFailed, match=bucket):
        make_store(settings).check()
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as installation:
        page = json.loads(installation.phone().pull(query={"schema": 2}).data)
        assert page["segments"] == [] and len(page["changes"][0]["put"]) > 100


def test_a_missing_bucket_is_reported(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    store = make_store(settings_for(tmp_path, s3, bucket))
    for operation in (store.check, lambda: store.put("a" * 64, b"x"), lambda: list(store.stored())):
        with pytest.raises(StoreFailed, match=bucket):
            operation()


def test_a_page_is_served_without_store_credentials(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_due(installation.sessions, installation.satchel.segments, installation.clock, installation.settings)
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bare = store_factory.make_store(installation.settings)
    assert isinstance(bare, S3Store)
    links = link_factory.make_linker(
        read_settings({"SATCHEL_SEGMENT_STORE": "s3://abc", "SATCHEL_SEGMENT_PRESIGN": "yes"}),
        installation.satchel.links,
        bare,
    )
    assert links.at(installation.clock.now(), SignedLink("D1", 1, 0))("a" * 64) is None


def test_without_the_package_the_setting_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_factory.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"satchel\[s3\]"):
        make_store(read_settings({"SATCHEL_SEGMENT_STORE": "s3://bucket"}))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"SEGMENT_S3_ENDPOINT": "http://127.0.0.1:9000"}, "SATCHEL_SEGMENT_STORE=s3://"),
        ({"SEGMENT_PRESIGN": "yes"}, "SATCHEL_SEGMENT_STORE=s3://"),
        ({"SEGMENT_PRESIGN": "maybe"}, "yes or no"),
        ({"SEGMENT_STORE": "bucket"}, "s3://bucket/prefix"),
        ({"SEGMENT_STORE": "s3://"}, "s3://bucket/prefix"),
        ({"SEGMENT_STORE": "s3://b", "SEGMENT_S3_ENDPOINT": "127.0.0.1:9000"}, "s3://bucket/prefix"),
        ({"SEGMENT_STORE": "s3://abc", "SEGMENT_S3_ENDPOINT": "127.0.0.1:9000"}, "must be an address"),
        ({"SEGMENT_BASE_URL": "cdn.example.com"}, "must be an address"),
        ({"SEGMENT_BASE_URL": "https://cdn.example.com/?a=b"}, "must be an address"),
        (
            {
                "SEGMENT_STORE": "s3://abc",
                "SEGMENT_PRESIGN": "yes",
                "SEGMENT_BASE_URL": "https://cdn.example.com",
            },
            "choose one",
        ),
        ({"SEGMENT_STORE": "s3://abc", "SEGMENT_ACCEL": "/internal"}, "for segments in the folder"),
        ({"SEGMENT_ACCEL": "internal"}, "write a path"),
        ({"SEGMENT_ROWS": "-1"}, "0 or more"),
        ({"SEGMENT_TAIL_PERCENT": "0"}, "1 or more"),
        ({"SEGMENT_LINK_SECONDS": "0"}, "1 or more"),
    ],
)
def test_conflicting_store_settings_are_refused(wrong: dict[str, str], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        read_settings({f"SATCHEL_{name}": value for name, value in wrong.items()})
