"""Keys: created once, rotated without logging anybody out, retired after the last token, revoked at once."""

import datetime as dt
from pathlib import Path

import pytest

from backend.identity import key_ring, key_rotation, keys, refresh_tokens, tokens
from backend.identity.key_ring import KeyRing, Lifetimes
from backend.identity.token_cache import VerifiedTokens
from backend.sync.segments.links import SignedLink, SignedLinks
from tests.conftest import MONDAY
from tests.unit.identity.conftest import ISSUER
from tests.unit.identity.test_access_tokens import DEVICE

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


class Node:
    """A web process on the shared folder: it reads the keys again after half a minute by its own clock."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 0.0
        self.ring = KeyRing(folder, Lifetimes(30), lambda: self.seconds)

    def token(self, now: dt.datetime) -> str:
        return tokens.issue(self.ring, ISSUER, DEVICE, now).access_token

    def accepts(self, token: str, now: dt.datetime) -> bool:
        try:
            return tokens.verify(self.ring, ISSUER, token, now).device == "D1"
        except tokens.TokenInvalid:
            return False


def ids(folder: Path, kind: str) -> list[str]:
    return [key.id for key in keys.read_all(folder) if key.kind == kind]


def test_keys_are_created_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first, second = KeyRing(tmp_path), KeyRing(tmp_path)
    assert first.signing(MONDAY)[0] == second.signing(MONDAY)[0]
    assert first.secrets(MONDAY) == second.secrets(MONDAY)
    key_rotation.rotate(tmp_path, key_rotation.KINDS, MONDAY)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert len(list((tmp_path / "keys").iterdir())) == 4


def test_a_new_key_is_published_before_it_signs(tmp_path: Path) -> None:
    first, second = Node(tmp_path), Node(tmp_path)
    before = first.token(MONDAY)
    key_rotation.rotate(tmp_path, ["signing"], MONDAY)
    first.seconds = 31
    assert first.ring.signing(MONDAY + 9 * MINUTE)[0] == first.ring.signing(MONDAY)[0]
    later = MONDAY + 10 * MINUTE
    assert first.ring.signing(later)[0] != first.ring.signing(MONDAY)[0]
    second.seconds = 31
    assert second.accepts(first.token(later), later) and second.accepts(before, later)


def test_a_node_that_has_not_read_the_folder_yet_reads_it_for_an_unknown_key(tmp_path: Path) -> None:
    first, second = Node(tmp_path), Node(tmp_path)
    key_rotation.rotate(tmp_path, ["signing"], MONDAY - 10 * MINUTE)
    first.seconds, second.seconds = 31, 2
    assert second.accepts(first.token(MONDAY), MONDAY)


def test_unknown_keys_make_no_node_read_the_folder_at_every_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, readings = Node(tmp_path), []
    monkeypatch.setattr(keys, "file_names", lambda folder: readings.append(folder) or node.ring._names)
    node.seconds = 2
    for _ in range(50):
        assert node.ring.verifying("unknown", MONDAY) is None
    assert len(readings) == 1


def test_a_retired_signing_key_is_refused_after_the_life_of_the_last_token(tmp_path: Path) -> None:
    node = Node(tmp_path)
    used_from = MONDAY + 10 * MINUTE
    last = node.token(used_from - MINUTE)
    key_rotation.rotate(tmp_path, ["signing"], MONDAY)
    node.ring = KeyRing(tmp_path)
    assert node.accepts(last, used_from + 14 * MINUTE)
    kid = tokens.jwt.get_unverified_header(last)["kid"]
    assert node.ring.accepts(kid, used_from + 19 * MINUTE)
    assert not node.ring.accepts(kid, used_from + 20 * MINUTE)
    assert node.ring.verifying(kid, used_from + 20 * MINUTE) is None


def test_a_refresh_token_of_a_secret_that_was_replaced_is_accepted_while_it_may_be_used(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, Lifetimes(30))
    token = refresh_tokens.RefreshToken("D1", 1, 1).text(ring.secrets(MONDAY)[0], "key")
    key_rotation.rotate(tmp_path, ["refresh"], MONDAY)
    ring = KeyRing(tmp_path, Lifetimes(30))
    for days, accepted in ((0, True), (1, True), (30, True), (31, False)):
        now = MONDAY + days * DAY
        assert (refresh_tokens.parse(token, ring.secrets(now), "key") is not None) is accepted, days
    new = ring.secrets(MONDAY + DAY)[0]
    assert new != ring.secrets(MONDAY)[0] and new in ring.secrets(MONDAY)


def test_keys_rotate_by_age_and_only_then(tmp_path: Path) -> None:
    KeyRing(tmp_path)
    today = dt.datetime.now(dt.UTC)
    assert key_rotation.rotate_old(tmp_path, 90, today + 89 * DAY) == []
    assert len(key_rotation.rotate_old(tmp_path, 90, today + 91 * DAY)) == 2
    assert key_rotation.rotate_old(tmp_path, 90, today + 91 * DAY) == []
    assert len(key_rotation.rotate_old(tmp_path, 90, today + 182 * DAY)) == 2


def test_files_of_retired_keys_are_deleted_and_others_kept(tmp_path: Path) -> None:
    KeyRing(tmp_path)
    key_rotation.rotate(tmp_path, key_rotation.KINDS, MONDAY)
    assert key_rotation.prune(tmp_path, Lifetimes(30), MONDAY + DAY) == []
    assert [k.kind for k in key_rotation.prune(tmp_path, Lifetimes(30), MONDAY + 8 * DAY)] == ["signing"]
    assert [k.kind for k in key_rotation.prune(tmp_path, Lifetimes(30), MONDAY + 38 * DAY)] == ["refresh"]
    assert len(KeyRing(tmp_path).secrets(MONDAY + 40 * DAY)) == 1


@pytest.mark.parametrize("kind", key_rotation.KINDS)
def test_a_revoked_key_is_refused_by_every_node_and_replaced(tmp_path: Path, kind: str) -> None:
    nodes = Node(tmp_path), Node(tmp_path)
    token, secret = nodes[0].token(MONDAY), nodes[0].ring.secrets(MONDAY)[0]
    (leaked,) = ids(tmp_path, kind)
    assert key_rotation.revoke(tmp_path, leaked, MONDAY)
    assert key_rotation.revoke(tmp_path, leaked, MONDAY) is None
    for node in nodes:
        node.seconds = 31
        assert node.accepts(token, MONDAY) is (kind == "refresh")
        assert (secret in node.ring.secrets(MONDAY)) is (kind == "signing")
        assert node.accepts(nodes[0].token(MONDAY), MONDAY)


def test_a_revoked_key_is_refused_for_tokens_in_the_cache_too(tmp_path: Path) -> None:
    node = Node(tmp_path)
    cache, token = VerifiedTokens(node.ring, ISSUER), node.token(MONDAY)
    assert cache.verify(token, MONDAY) == cache.verify(token, MONDAY)
    key_rotation.revoke(tmp_path, ids(tmp_path, "signing")[0], MONDAY)
    node.seconds = 31
    with pytest.raises(tokens.TokenInvalid):
        cache.verify(token, MONDAY)


def test_links_to_segments_stay_valid_after_a_rotation(tmp_path: Path) -> None:
    bearer = SignedLink("D1", 1, 0)
    link = SignedLinks(KeyRing(tmp_path), "http://x", 3600).at(MONDAY, bearer)("a" * 64)
    assert link is not None
    query = dict(pair.split("=") for pair in link.partition("?")[2].split("&"))
    key_rotation.rotate(tmp_path, ["refresh"], MONDAY - 10 * MINUTE)
    links = SignedLinks(KeyRing(tmp_path), "http://x", 3600)
    assert links.at(MONDAY, bearer)("a" * 64) != link
    verified = links.verify("a" * 64, query, MONDAY)
    assert verified is not None and (verified.device, verified.version) == ("D1", 1)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_file_is_reported(tmp_path: Path, content: bytes) -> None:
    KeyRing(tmp_path)
    (tmp_path / "keys" / "signing.pem").write_bytes(content)
    with pytest.raises(keys.KeyDamaged, match=r"signing\.pem"):
        KeyRing(tmp_path)


def test_a_folder_that_is_away_stops_no_request(tmp_path: Path) -> None:
    node = Node(tmp_path)
    token = node.token(MONDAY)
    (tmp_path / "keys").rename(tmp_path / "away")
    (tmp_path / "keys").touch()
    node.seconds = 31
    assert node.accepts(token, MONDAY)


def test_other_files_are_no_keys(tmp_path: Path) -> None:
    KeyRing(tmp_path)
    for name in (
        ".signing.pem.ab",
        "signing.pem.bak",
        "signing-2026.pem",
        "signing.secret",
        "signing-20269999T000000Z-00000000.pem",
    ):
        (tmp_path / "keys" / name).write_bytes(b"x")
    assert len(keys.read_all(tmp_path)) == 2


def test_the_representation_of_keys_hides_them(tmp_path: Path) -> None:
    KeyRing(tmp_path)
    for key in keys.read_all(tmp_path):
        assert "content" not in repr(key) and key.content.hex() not in repr(key)
    assert dt.timedelta(seconds=key_ring.READ_EVERY_SECONDS) < key_ring.PUBLISH
