"""Confinement of the process that decodes receipts: limits of the kernel, and no files, programs or network.

Everything here works without root. `confine` is called after the libraries are loaded and before the first byte
of a receipt is read. What a system does not have is left out; the walls that stand are returned.

Sources: setrlimit(2), seccomp(2), unshare(2). The numbers of the system calls are those of asm/unistd_64.h and
of asm-generic/unistd.h.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys

MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of the process. 64 megapixels with transparency need half of it."""
CPU_SECONDS = 30
COPY_BYTES = 64 * 1024 * 1024
"""Largest file that the process may write."""

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _PR_SET_DUMPABLE = 38, 22, 2, 4
_CLONE_NEWNET, _CLONE_NEWUSER, _CLONE_THREAD, _CLONE3 = 0x40000000, 0x10000000, 0x00010000, 435
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_UNKNOWN = 0x00050000 | errno.ENOSYS
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_X32 = 0x40000000
"""Added to the number of a system call of the x32 interface, which would go round the filter."""

# open, openat, openat2, creat; socket, socketpair, connect, bind, sendto; execve, execveat, fork, vfork;
# ptrace, process_vm_readv/writev, pidfd_open, pidfd_getfd; kill, tkill, tgkill; unlink, unlinkat, rename,
# renameat, renameat2, mkdir, mkdirat, rmdir, link, linkat, symlink, symlinkat, mknod, mknodat, chmod, fchmod,
# fchmodat, truncate; mount, unshare, setns; setrlimit, prlimit64; bpf, keyctl, userfaultfd,
# perf_event_open, io_uring_setup. Before them stand the architecture and its number of clone.
_REFUSED_CALLS = {
    "x86_64": (
        0xC000003E,
        56,
        (
            *(2, 257, 437, 85, 41, 53, 42, 49, 44, 59, 322, 57, 58, 101, 310, 311, 434, 438),
            *(62, 200, 234, 87, 263, 82, 264, 316, 83, 258, 84, 86, 265, 88, 266, 133, 259, 90, 91, 268, 76),
            *(165, 272, 308, 160, 302, 321, 250, 323, 298, 425),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        (
            *(56, 437, 198, 199, 203, 200, 206, 221, 281, 117, 270, 271, 434, 438, 129, 130, 131),
            *(35, 38, 276, 34, 37, 36, 33, 52, 53, 45, 40, 97, 268, 164, 261, 280, 219, 282, 241, 425),
        ),
    ),
}


def confine() -> list[str]:
    """Confine this process for good. Return its walls: `limits`, where possible `namespace` and `seccomp`."""
    walls = ["limits"]
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, COPY_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
            walls.append("namespace")
        if _filter_calls(libc):
            walls.append("seccomp")
    return walls


def _filter_calls(libc: ctypes.CDLL) -> bool:
    """Refuse the calls in the table with EPERM from now on; return whether the kernel took the filter."""
    known = _REFUSED_CALLS.get(platform.machine())
    if known is None or sys.maxsize < 2**32:
        return False
    architecture, clone, numbers = known
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    program += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    # A decoder may start a thread, with clone, and no process. A filter cannot see the flags of clone3; the C
    # library takes clone instead if it is told that there is no clone3.
    program += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _UNKNOWN)]
    program += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _CLONE_THREAD)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    for position, number in enumerate(numbers):
        program.append((_EQUAL, len(numbers) - position, 0, number))
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    instructions = b"".join(struct.pack("=HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0)


def lower_priority() -> None:
    """Let requests and orders go first."""
    os.nice(10)
