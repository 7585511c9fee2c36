"""Base64 for URLs, without padding (RFC 4648, section 5; RFC 7515, appendix C)."""

import base64


def encode(data: bytes) -> str:
    """Return *data* as base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url; raises ValueError for anything that `encode` does not write.

    Python's decoder skips unknown characters and ignores spare bits at the end. Here one value has one text.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("this is not base64url") from None
    if encode(data) != text:
        raise ValueError("this is not base64url as an encoder writes it")
    return data
