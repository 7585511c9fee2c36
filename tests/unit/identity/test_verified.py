"""The token cache: verified tokens are cached; refusals and the device's row are not."""

import pytest

from backend.clock import ManualClock
from backend.identity import tokens
from backend.identity.key_ring import KeyRing
from backend.identity.token_cache import VerifiedTokens
from tests.unit.identity.conftest import ISSUER
from tests.unit.identity.test_access_tokens import CLAIMS, DEVICE, MONDAY, signed


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was checked."""
    verified: list[str] = []
    real = tokens.verify

    def verify(keys: KeyRing, issuer: str, token: str, now: object) -> tokens.AccessToken:
        verified.append(token)
        return real(keys, issuer, token, now)

    monkeypatch.setattr(tokens, "verify", verify)
    return verified


def test_a_signature_is_checked_once(own_keys: KeyRing, counted: list[str]) -> None:
    verified = VerifiedTokens(own_keys, ISSUER)
    token = tokens.issue(own_keys, ISSUER, DEVICE, MONDAY).access_token
    first, second = verified.verify(token, MONDAY), verified.verify(token, MONDAY)
    assert first == second == tokens.verify(own_keys, ISSUER, token, MONDAY)
    assert counted == [token, token]  # once by the cache, once by the line above


def test_a_cached_token_expires_on_time(own_keys: KeyRing, clock: ManualClock) -> None:
    verified = VerifiedTokens(own_keys, ISSUER)
    token = tokens.issue(own_keys, ISSUER, DEVICE, clock.now()).access_token
    verified.verify(token, clock.now())
    clock.advance(minutes=15, seconds=59)
    assert verified.verify(token, clock.now())
    clock.advance(seconds=1)
    with pytest.raises(tokens.TokenExpired):
        verified.verify(token, clock.now())


def test_a_clock_set_back_refuses_a_cached_token_of_the_future(own_keys: KeyRing, clock: ManualClock) -> None:
    verified = VerifiedTokens(own_keys, ISSUER)
    token = tokens.issue(own_keys, ISSUER, DEVICE, clock.now()).access_token
    verified.verify(token, clock.now())
    clock.advance(minutes=-2)
    with pytest.raises(tokens.TokenInvalid):
        verified.verify(token, clock.now())


def test_a_refusal_is_not_cached(own_keys: KeyRing, counted: list[str]) -> None:
    verified = VerifiedTokens(own_keys, ISSUER)
    refused_token = signed(own_keys, {**CLAIMS, "aud": "another"})
    for _ in range(3):
        with pytest.raises(tokens.TokenInvalid):
            verified.verify(refused_token, MONDAY)
    assert (len(verified), counted) == (0, [refused_token] * 3)


def test_a_changed_token_is_not_found_in_the_cache(own_keys: KeyRing) -> None:
    verified = VerifiedTokens(own_keys, ISSUER)
    token = tokens.issue(own_keys, ISSUER, DEVICE, MONDAY).access_token
    verified.verify(token, MONDAY)
    for place in range(0, len(token) - 2, 7):  # the last character has bits that mean nothing
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(tokens.TokenInvalid):
            verified.verify(other, MONDAY)


def test_the_token_cache_is_bounded_and_evicts_the_least_recently_used(
    own_keys: KeyRing, counted: list[str]
) -> None:
    verified = VerifiedTokens(own_keys, ISSUER, most=3)
    made = [signed(own_keys, {**CLAIMS, "jti": str(n)}) for n in range(4)]
    for token in made[:3]:
        verified.verify(token, MONDAY)
    verified.verify(made[0], MONDAY)
    verified.verify(made[3], MONDAY)
    assert len(verified) == 3
    counted.clear()
    for token in (made[0], made[2], made[3]):
        verified.verify(token, MONDAY)
    assert counted == []
    verified.verify(made[1], MONDAY)
    assert counted == [made[1]]
