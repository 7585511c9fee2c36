"""What is wrong with a file or folder, as `ErpError`."""

import errno
import os
from pathlib import Path

from backend.erp.errors import ErpError, ErrorClass
from backend.files import DISK_FULL

_OF_ONE_FILE = frozenset(
    {
        *(errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EISDIR, errno.ENOTDIR, errno.ELOOP),
        *(errno.EFBIG, errno.ENOTEMPTY),
    }
)
"""Errors that another file would not have."""
_RIGHTS = frozenset({errno.EACCES, errno.EPERM})
"""Errors that another file would not have, if its folder can be used."""


def setup_fault(message: str) -> ErpError:
    """Return the error for settings that are wrong for every file."""
    return ErpError(ErrorClass.CONFIG, message)


def broken_export(message: str) -> ErpError:
    """Return the error for files of another form than agreed; the collections of other files are read."""
    return ErpError(ErrorClass.REJECT_OFFICE, message)


def is_of_one_file(error: OSError) -> bool:
    """Say whether *error* is about one file, whose folder can be used."""
    if not isinstance(error.filename, str | bytes):
        return False
    if error.errno not in _RIGHTS:
        return error.errno in _OF_ONE_FILE
    paths = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if name]
    rights = os.R_OK | os.X_OK | (os.W_OK if paths[0].parent.name == "to_erp" else 0)
    return all(os.access(path.parent, rights) for path in paths)


def file_fault(error: OSError) -> ErpError:
    """Return the error for a file that cannot be used although its folder can: it concerns one document."""
    name = Path(os.fsdecode(error.filename)).name
    return ErpError(
        ErrorClass.REJECT_OFFICE,
        f"The file {name[:80]}{'...' if len(name) > 80 else ''} cannot be used: {error.strerror or error}",
        raw=repr(error),
        advice="Correct the name or the rights of this file, or remove it, then retry.",
    )


def out_of_reach(error: OSError) -> ErpError:
    """Return the error for a folder or file that cannot be reached now."""
    path = error.filename or "the shared folder"
    question = "Is the share mounted, and may Satchel read and write there?"
    return ErpError(
        ErrorClass.TRANSIENT,
        f"{path} cannot be used: {error.strerror or error}. "
        f"{'Free disk space there.' if error.errno in DISK_FULL else question}",
        raw=repr(error),
        no_answer=True,
    )


def from_os_error(error: OSError) -> ErpError:
    """Return what *error* means: for one document, or for the whole exchange."""
    return file_fault(error) if is_of_one_file(error) else out_of_reach(error)
