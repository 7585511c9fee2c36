"""Mutants of tokens, proofs and keys: what would let somebody else use a phone's requests, or log it out."""

from backend.identity import (
    device_keys,
    dpop,
    ed25519_points,
    key_ring,
    refresh,
    refresh_tokens,
    token_cache,
    tokens,
    used_proofs,
)
from backend.identity.used_proofs import remember
from sync_protocol.device.session.session import Session
from tests.mutants.edits import drop, never, replace
from tests.mutants.mutant import Mutant

IDENTITY = "tests/unit/identity"

TOKENS = [
    Mutant(
        "a proof is accepted twice",
        "–",
        "Nobody remembers the `jti` of a proof, so a captured request for tokens can be sent again.",
        f"{IDENTITY}/test_refresh.py::test_a_proof_is_accepted_once",
        [drop(refresh.refresh, "used_proofs.remember($$$ARGS)")],
    ),
    Mutant(
        "a proof for any address",
        "–",
        "`htu` is not compared: a proof for another server, or for enrolment, gets tokens.",
        f"{IDENTITY}/test_dpop.py::test_a_proof_for_something_else_is_refused",
        [never(dpop.verify, "address is None or $ADDRESS not in $ALLOWED")],
    ),
    Mutant(
        "a proof of any time",
        "–",
        "`iat` is not compared with the server's time.",
        f"{IDENTITY}/test_dpop.py::test_a_proof_for_something_else_is_refused",
        [never(dpop.verify, "abs($NOW - $ISSUED) > $LIMIT")],
    ),
    Mutant(
        "a header with other members",
        "–",
        "A proof may carry `crit`, `jku` or `x5u`, which nothing reads.",
        f"{IDENTITY}/test_dpop.py::test_a_proof_with_another_header_is_refused",
        [never(dpop._signed, "set(header) != HEADER")],
    ),
    Mutant(
        "a key of small order",
        "–",
        "A point of small order is accepted as a public key: anybody can sign for it.",
        f"{IDENTITY}/test_dpop.py::test_a_key_that_nobody_can_own_is_refused",
        [never(ed25519_points.fault, "encoded in SMALL_ORDER")],
    ),
    Mutant(
        "two encodings of one key",
        "–",
        "A second encoding of a point is accepted: one key has two thumbprints.",
        f"{IDENTITY}/test_dpop.py::test_a_key_that_nobody_can_own_is_refused",
        [never(ed25519_points.fault, "y >= P or $SIGN")],
    ),
    Mutant(
        "points are not checked at all",
        "–",
        "OpenSSL is believed, which accepts any 32 bytes.",
        f"{IDENTITY}/test_dpop.py::test_a_signature_under_a_small_order_key_needs_no_private_key",
        [never(device_keys._build, "fault is not None")],
    ),
    Mutant(
        "a reuse ends nothing",
        "–",
        "A replaced refresh token is refused, and the copied family stays valid.",
        f"{IDENTITY}/test_refresh.py::test_a_reuse_ends_the_family_and_is_audited",
        [drop(refresh._check_family, "_end_family($$$ARGS)")],
    ),
    Mutant(
        "access tokens survive a reuse",
        "–",
        "The family ends, but its access tokens are accepted for a quarter of an hour.",
        f"{IDENTITY}/test_refresh.py::test_a_reuse_ends_the_family_and_is_audited",
        [drop(refresh._end_family, "device.version += 1")],
    ),
    Mutant(
        "a late request is a reuse",
        "–",
        "A request that was overtaken by two refreshes logs the honest phone out.",
        f"{IDENTITY}/test_refresh.py::test_a_request_that_was_late_ends_no_family",
        [never(refresh._check_family, "proof.nonce_time <= $REFRESHED")],
    ),
    Mutant(
        "a lost reply is a reuse",
        "–",
        "The token before the current one counts as reused.",
        f"{IDENTITY}/test_refresh.py::test_a_refresh_after_a_lost_reply_returns_the_same_token",
        [
            replace(
                refresh._check_family,
                "token.generation < device.refresh_generation - 1",
                "token.generation < device.refresh_generation",
            )
        ],
    ),
    Mutant(
        "a family without end",
        "–",
        "Each refresh begins the 90 days again.",
        f"{IDENTITY}/test_refresh.py::test_a_family_ends_after_its_days_and_after_its_idle_days",
        [never(refresh._check_family, "now >= device.family_began_at + $DAYS")],
    ),
    Mutant(
        "a refresh token of any key",
        "–",
        "The token is not bound to the thumbprint of the device's key.",
        f"{IDENTITY}/test_refresh.py::test_a_stolen_token_is_useless_without_the_devices_key",
        [
            replace(
                refresh_tokens.RefreshToken._authenticator,
                "[$$$MEMBERS, thumbprint]",
                "[$$$MEMBERS]",
            ),
            never(refresh.refresh, "device_keys.thumbprint(device.public_key) != proof.thumbprint"),
        ],
    ),
    Mutant(
        "a key that signs before it is published",
        "–",
        "A new key signs at once, and nodes that have not read it refuse its tokens.",
        f"{IDENTITY}/test_keys.py::test_a_new_key_is_published_before_it_signs",
        [replace(key_ring.current, "key.used_from <= now", "True")],
    ),
    Mutant(
        "a retired key is accepted",
        "–",
        "A key is accepted as long as its file is there.",
        f"{IDENTITY}/test_keys.py::test_a_retired_signing_key_is_refused_after_the_life_of_the_last_token",
        [replace(key_ring.RingKey.accepted, "now < self.retired_at", "True")],
    ),
    Mutant(
        "a refresh secret that retires before its families",
        "–",
        "A replaced refresh secret is accepted for the idle days only.",
        f"{IDENTITY}/test_refresh.py::test_a_rotation_does_not_log_out_a_phone_whose_replies_are_lost",
        [replace(key_ring.Lifetimes.after_use, "self.refresh_days", "30")],
    ),
    Mutant(
        "a revoked key in the cache",
        "–",
        "Cached tokens are not checked against the keys that are accepted now.",
        f"{IDENTITY}/test_keys.py::test_a_revoked_key_is_refused_for_tokens_in_the_cache_too",
        [never(token_cache.VerifiedTokens.verify, "not self._keys.accepts($KID, $NOW)")],
    ),
    Mutant(
        "a header of a megabyte is parsed",
        "–",
        "The length of a token is not checked before it is parsed.",
        f"{IDENTITY}/test_forged_tokens.py::test_a_header_of_a_megabyte_is_refused_before_it_is_parsed",
        [never(tokens.verify, "len(token) > MAX_TOKEN")],
    ),
    Mutant(
        "a table of proofs without bounds",
        "–",
        "One phone can fill the table of used proofs.",
        f"{IDENTITY}/test_refresh.py::test_the_table_of_used_proofs_is_bounded_and_pruned",
        [never(used_proofs.remember, "$COUNT >= MAX_PER_KEY")],
    ),
    Mutant(
        "proofs that are forgotten too early",
        "–",
        "A used proof is deleted while its nonce is still valid.",
        f"{IDENTITY}/test_refresh.py::test_a_proof_is_remembered_as_long_as_it_is_valid",
        [replace(remember, "UsedProof.expires_at <= now", "UsedProof.expires_at <= now + KEPT / 2")],
    ),
    Mutant(
        "a refused refresh blames a document",
        "–",
        "The 400 of a request for tokens counts as that of the push, and a good document is set aside.",
        "tests/unit/device/session/test_session.py"
        "::test_a_refused_request_for_tokens_is_no_fault_of_the_documents",
        [
            never(
                Session._rotate,
                "400 <= problem.status < 500 and problem.status not in (401, 429) and not wants_nonce(problem)",
            ),
            never(Session.refresh, "wants_nonce(problem)"),
        ],
    ),
    Mutant(
        "a node does not look for a key that it does not know",
        "–",
        "After a rotation one node refuses the tokens of another one for half a minute.",
        "tests/unit/api/test_two_nodes.py::test_a_rotation_of_keys_on_one_node_logs_nobody_out_on_the_other",
        [never(key_ring.KeyRing.verifying, "isinstance(kid, str) and kid not in self._keys.by_kid")],
    ),
]
