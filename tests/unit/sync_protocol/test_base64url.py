"""Base64url: one value has one text."""

import pytest

from sync_protocol import base64url


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", bytes(range(256)), b"\xff\xfe\xfd"])
def test_encoded_bytes_are_decoded(data: bytes) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    assert not set("+/=") & set(text)


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "Y Q", "+/8", "YQ\n", "Ä"])
def test_invalid_base64url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)
