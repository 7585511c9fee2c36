"""File locks between the processes of one machine. A lock ends with its process, however that ends.

A lock belongs to the open file, so that it ends when the file is closed. Two threads of one process exclude
each other if each opens the file itself. Network file systems may not support these locks.
"""

import fcntl
from typing import IO, Any


def lock(file: IO[Any] | int) -> None:
    """Lock the open *file* (or its descriptor) until it is closed; wait while another process has locked it."""
    fcntl.flock(file, fcntl.LOCK_EX)


def try_lock(file: IO[Any] | int) -> bool:
    """Lock the open *file* (or its descriptor) until it is closed; return False if it is locked already."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
