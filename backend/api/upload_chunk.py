"""Receives one piece of a receipt: limits its size, checks its checksum, and keeps it if it is cut short.

A piece is received into memory (at most `receipt_chunk_bytes`) before any row is locked. If the connection
breaks, the bytes that have arrived are stored: on a slow line a megabyte takes minutes.
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
"""tus requires sha1. As a checksum of one piece it protects against accidents only."""
PIECE = 64 * 1024


def read(most: int) -> bytes:
    """Return the request's bytes; raises `Problem` if there are more than *most* or their checksum is wrong."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, "Send a receipt without Content-Encoding.")
    if (request.content_length or 0) > most:
        raise Problem(ErrorCode.BODY_TOO_LARGE, f"A piece may have at most {most} bytes.")
    checksum = _checksum()
    data, broken = _receive(most)
    cut_short = broken or len(data) < (request.content_length or 0)
    if checksum is not None and cut_short:
        raise Problem(ErrorCode.BODY_DAMAGED, "The connection broke before the end of the piece.")
    if checksum is not None and hashlib.new(checksum[0], data, usedforsecurity=False).digest() != checksum[1]:
        raise Problem(ErrorCode.DIGEST_MISMATCH, "The piece has another checksum; it was not stored.")
    return data


def _receive(most: int) -> tuple[bytes, bool]:
    """Return the bytes that arrive, and whether the server reported a broken connection.

    Some servers raise an error when a connection breaks, others return fewer bytes than announced.
    """
    data = bytearray()
    while True:
        try:
            piece = request.stream.read(PIECE)
        except Exception:
            # Each WSGI server raises its own errors for broken connections and malformed chunks.
            return bytes(data), True
        if not piece:
            return bytes(data), False
        data += piece
        if len(data) > most:
            raise Problem(ErrorCode.BODY_TOO_LARGE, f"A piece may have at most {most} bytes.")


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
