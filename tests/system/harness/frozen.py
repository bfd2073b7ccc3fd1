"""Stops one thread of a process, as a deadlock would: SIGSTOP stops them all."""

import contextlib
import ctypes
import os
import pathlib

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def thread_named(pid, name):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise AssertionError(f"process {pid} has no thread {name!r}")


@contextlib.contextmanager
def frozen(pid, name):
    """Only the thread that enters may leave: ptrace goes by thread."""
    thread = thread_named(pid, name)
    _ptrace(_SEIZE, thread)
    _ptrace(_INTERRUPT, thread)
    os.waitpid(thread, 0x40000000)  # __WALL
    try:
        yield
    finally:
        _ptrace(_DETACH, thread)
