"""Used proofs: the `jti` of each proof is remembered as long as the proof is valid, so that it is accepted
once.

They are in the database, which all nodes share. Only proofs by the key of an enrolled device are stored, at
most `MAX_PER_KEY` for each key, and they are deleted when they have expired.
"""

import datetime as dt
import hashlib

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.database.bulk import dialect_of, insert_into
from backend.database.core import table_of
from backend.identity import proof_nonces
from backend.identity.dpop import Proof, ProofInvalid
from backend.identity.models import UsedProof

KEPT = dt.timedelta(seconds=proof_nonces.LIFE_SECONDS + proof_nonces.AHEAD_SECONDS)
"""After its nonce was issued no proof is valid for longer, on any node."""
MAX_PER_KEY = 60
"""Valid proofs of one key. An honest phone needs two in a quarter of an hour."""


class TooManyProofs(Exception):
    """The key has signed more proofs than a phone needs. Nothing is wrong with this one."""


def remember(session: Session, proof: Proof, now: dt.datetime) -> None:
    """Store that *proof* is used; raises `ProofInvalid` if it was used before, and `TooManyProofs`."""
    session.execute(
        delete(UsedProof).where(UsedProof.thumbprint == proof.thumbprint, UsedProof.expires_at <= now)
    )
    count = select(func.count()).select_from(UsedProof).where(UsedProof.thumbprint == proof.thumbprint)
    if session.scalars(count).one() >= MAX_PER_KEY:
        raise TooManyProofs
    row = {
        "thumbprint": proof.thumbprint,
        "id_hash": hashlib.sha256(proof.id.encode("utf-8", "surrogatepass")).hexdigest(),
        "expires_at": dt.datetime.fromtimestamp(proof.nonce_time, dt.UTC) + KEPT,
    }
    statement = insert_into(dialect_of(session), table_of(UsedProof)).values(row)
    statement = statement.on_conflict_do_nothing(index_elements=["thumbprint", "id_hash"])
    if session.execute(statement.returning(table_of(UsedProof).c.id_hash)).first() is None:
        raise ProofInvalid("was used before; make a new one for each request")


def purge(session: Session, now: dt.datetime) -> int:
    """Delete the expired proofs of all keys; return how many there were."""
    expired = session.execute(delete(UsedProof).where(UsedProof.expires_at <= now).returning(UsedProof.id_hash))
    return len(expired.all())
