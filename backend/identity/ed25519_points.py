"""Ed25519 public keys that nobody can own honestly: OpenSSL takes any 32 bytes, so they are refused here.

Under a key of small order a signature is valid for many messages, or made without any private key. A second
encoding of the same point would be a second thumbprint of one key. Bytes that are no point verify nothing. The
table has every point whose order divides 8 (Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs", 2020).
Separate from the parsing of keys, because it is arithmetic alone.
"""

P = 2**255 - 19
_D = -121665 * pow(121666, -1, P) % P
_SIGN = 1 << 255

SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
"""The points of order 1, 2, 4, 4, 8, 8, 8 and 8 in their canonical encoding (RFC 8032, section 5.1.2)."""


def fault(encoded: bytes) -> str | None:
    """Return why *encoded* (32 bytes) is not an acceptable public key; None if it is."""
    value = int.from_bytes(encoded, "little")
    y = value & ~_SIGN
    if y >= P or (y in (1, P - 1) and value & _SIGN):
        return "is not the canonical encoding of a point"
    if encoded in SMALL_ORDER:
        return "is a point of small order"
    # x² = (y² - 1) / (d·y² + 1) must be a square (RFC 8032, section 5.1.3): Euler's criterion.
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    return None if pow(square, (P - 1) // 2, P) == 1 else "is not a point on its curve"
