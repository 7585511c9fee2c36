"""Coverage-guided search of the parsers with atheris and libFuzzer (`make fuzz`).

Without arguments it searches all parsers and adds the inputs to the counts of `make chaos`. With a name and
options of libFuzzer, such as `json -runs=1000 -seed=7`, it is one search: the process ends at the first fault
and writes the input to a file.
"""

import os
import secrets
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(
    include=[
        "sync_protocol.strict_json", "sync_protocol.cursor", "sync_protocol.base64url", "sync_protocol.inflate",
        "sync_protocol.external_name", "backend.connectors.flatfile", "backend.connectors.tryton.values",
        "backend.identity.dpop", "backend.identity.device_keys", "backend.api.tus", "jwt", "json",
    ]
):  # fmt: skip
    from tests.security.fuzz import erp_replies, share, tokens, uploads

from tests.security.fuzz.inputs import encoded
from tests.security.fuzz.target import Check
from tests.system.chaos.run_log import RunLog

RUNS = int(os.environ.get("SATCHEL_FUZZ_RUNS", "100000"))
"""Inputs for each parser."""
LONGEST = 4_096
"""Bytes of an input."""


def _text(check: Check) -> AbstractContextManager[Check]:
    """Give *check* the bytes of libFuzzer as text, whatever they are."""
    return nullcontext(lambda data: check(data.decode("utf-8", "replace")))


PARSERS: dict[str, tuple[AbstractContextManager[Check], bytes]] = {
    "json": (nullcontext(tokens.check_json), tokens.SOUND_JSON),
    "cursor": (_text(tokens.check_cursor), tokens.CURSOR.encode().encode()),
    "cursor-json": (_text(lambda text: tokens.check_cursor(tokens.packed(text))), encoded(tokens.CURSOR_VALUE)),
    "proof": (_text(tokens.check_proof), tokens.PROOF.encode()),
    "tus-metadata": (nullcontext(uploads.check_metadata), uploads.METADATA.encode()),
    "manifest": (share.in_folder(share.check_manifest), encoded(share.MANIFEST)),
    "csv-products": (share.in_folder(share.check_products), share.PRODUCTS),
    "csv-acknowledgements": (share.handed_over(), share.ACK.encode()),
    "erp-values": (nullcontext(erp_replies.check_values), encoded(erp_replies.VALUES)),
}
"""By name: the check, which gets bytes, and a sound input to begin with."""


def search(name: str, options: list[str]) -> None:
    """Search one parser; ends the process."""
    opened, sound = PARSERS[name]
    with TemporaryDirectory(prefix="satchel-corpus-") as corpus, opened as check:
        Path(corpus, "sound").write_bytes(sound)
        arguments = [sys.argv[0], f"-max_len={LONGEST}", *options, corpus]

        def test_one_input(data: bytes) -> None:
            check(data)

        atheris.Setup(arguments, test_one_input)
        atheris.Fuzz()


def main() -> int:
    """Search every parser in a process of its own, and record its inputs; return the exit status."""
    run_log, failed = RunLog(), 0
    for name in PARSERS:
        started, seed = time.monotonic(), secrets.randbelow(2**31)
        options = [f"-runs={RUNS}", f"-seed={seed}", "-verbosity=0", f"-artifact_prefix={run_log.folder}/"]
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, name, *options], capture_output=True, text=True, check=False
        )
        fault = (
            f"guided-{name} {seed}\n{done.stdout[-4_000:]}\n{done.stderr[-2_000:]}" if done.returncode else None
        )
        seconds = time.monotonic() - started
        run_log.record(f"guided-{name}", RUNS, seconds, fault)
        print(
            f"{name:<22} seed {seed:<12} {RUNS:>8} inputs {seconds:7.1f} s  {'FAILED' if fault else 'ok'}",
            flush=True,
        )
        failed += fault is not None
    print(f"\nAll runs so far ({run_log.folder}):\n{run_log.table()}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        search(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(main())
