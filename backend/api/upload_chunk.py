"""Pieces of a receipt as they come in: bounded, checked where a checksum was sent, kept if cut short.

A piece is received into memory, at most a megabyte, before any row is touched. If the connection dies
inside it, what has arrived still counts: on a slow line a megabyte is minutes of work.
"""

import base64
import binascii
import hashlib

from flask import request

from backend.api import request_body
from backend.api.problems import Problem
from sync_protocol.errors import ErrorCode, Fault

MEDIA_TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256")
"""tus demands sha1; as a checksum of one piece it guards against accidents only."""
PIECE = 64 * 1024


def read(most: int) -> bytes:
    """Return the bytes of the request; raises `Problem` if they are too many or not what was summed up."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, "Send the bytes of a receipt as they are.")
    if (request.content_length or 0) > most:
        raise Problem(ErrorCode.BODY_TOO_LARGE, f"A piece may have {most} bytes.")
    checksum = _checksum()
    data, broken = _receive(most)
    cut_short = broken or len(data) < (request.content_length or 0)
    if checksum is not None and cut_short:
        raise Problem(ErrorCode.BODY_DAMAGED, "The connection broke off inside the piece.")
    if checksum is not None and hashlib.new(checksum[0], data, usedforsecurity=False).digest() != checksum[1]:
        raise Problem(ErrorCode.DIGEST_MISMATCH, "The piece has another checksum; it was not taken.")
    return data


def _receive(most: int) -> tuple[bytes, bool]:
    """Return what arrives, and whether it broke off; some servers say so by an error, some by giving less."""
    data = bytearray()
    while True:
        try:
            piece = request.stream.read(PIECE)
        except Exception:
            # Each server has errors of its own: for what breaks off, and for chunks that are none.
            return bytes(data), True
        if not piece:
            return bytes(data), False
        data += piece
        if len(data) > most:
            raise Problem(ErrorCode.BODY_TOO_LARGE, f"A piece may have {most} bytes.")


def natural(header: str, *, least: int = 0) -> int:
    """Return the number in *header*; raises `Problem` if it is missing, negative or no number."""
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) >= least):
        raise request_body.invalid(
            Fault(ErrorCode.FIELD_INVALID, header, f"must be a whole number from {least} on")
        )
    return int(text)


def _checksum() -> tuple[str, bytes] | None:
    sent = request.headers.get("Upload-Checksum")
    if sent is None:
        return None
    algorithm, _, encoded = sent.partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        message = f"must be {' or '.join(ALGORITHMS)}, a space and the digest in base64"
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "Upload-Checksum", message))
    return algorithm, digest
