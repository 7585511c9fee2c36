"""DPoP (RFC 9449): the names of proofs and nonces on the wire, for both sides.

A proof is a compact JWS (RFC 7515) with the header {"typ": "dpop+jwt", "alg", "jwk"}, signed by the device's
key, over {"jti": a new random id, "htm": method, "htu": URL without query, "iat": seconds, "nonce"}. The nonce
is the server's; it begins with the server's time, so that a device whose clock is wrong takes `iat` from it.
"""

PROOF_HEADER = "DPoP"
NONCE_HEADER = "DPoP-Nonce"
PROOF_TYPE = "dpop+jwt"
MAX_PROOF = 4000
"""Characters."""
MAX_ID = 128
"""Characters of `jti`."""


def nonce_time(nonce: str) -> int | None:
    """Return the time in *nonce*, in seconds since 1970; None if it is not the nonce of a Satchel server."""
    seconds, dot, _ = nonce.partition(".")
    if not dot or not (seconds.isascii() and seconds.isdigit()) or not 1 <= len(seconds) <= 12:
        return None
    # One time has one text.
    return int(seconds) if str(int(seconds)) == seconds else None
