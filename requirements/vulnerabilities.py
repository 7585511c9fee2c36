"""Look up the packages of lock files with pip-audit, and say plainly which of them could not be looked up.

pip-audit itself reports success if its service knows none of the packages, as a mirror of the index does.

Usage: vulnerabilities.py PIP_AUDIT LOCK_FILE...
Exit status: 0 all looked up and nothing known; 1 a vulnerability; 3 not all looked up.
"""

import json
import subprocess
import sys

VULNERABLE, NOT_LOOKED_UP = 1, 3


def main(pip_audit: str, locks: list[str]) -> int:
    """Look up every package of *locks*."""
    files = [argument for lock in locks for argument in ("-r", lock)]
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run([pip_audit, *options, *files], capture_output=True, text=True, check=False)
    status, message = result_of(done.stdout, done.stderr)
    sys.stdout.write(message)
    return status


def result_of(output: str, errors: str) -> tuple[int, str]:
    """Return the exit status and the message for what pip-audit wrote to its two streams."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        last = (errors.strip().splitlines() or ["no message"])[-1]
        return (
            NOT_LOOKED_UP,
            f"NOT LOOKED UP: the service gave no answer: {last[:300]}\n",
        )
    vulnerable = [f"{p['name']} {p['version']}: {v['id']}\n" for p in packages for v in p.get("vulns", [])]
    skipped = [p["name"] for p in packages if "skip_reason" in p]
    if vulnerable:
        return VULNERABLE, "".join(vulnerable)
    if skipped or not packages:
        return NOT_LOOKED_UP, (
            f"NOT LOOKED UP: {len(skipped)} of {len(packages)} packages, because the service of known "
            "vulnerabilities cannot be reached from here or does not know them. Run this target where it can.\n"
        )
    return 0, f"{len(packages)} packages looked up; no known vulnerability.\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
