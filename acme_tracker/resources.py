"""What the program finds where it runs: files that travel with it, homes, cores, memory."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PACKAGE = Path(__file__).parent
# mallopt's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: free memory kept, least block to map by itself.
_KEEP = {-1: 256 << 20, -3: 32 << 20}
_NICER = 5  # a third of the processor time of others


def _shipped(folder: str) -> Path:
    """A top-level folder of the project: inside the package in a wheel, beside it in a checkout."""
    inside = _PACKAGE / "_shipped" / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


def configs_dir() -> Path:
    """The folder with track.yaml and the detectors' cards."""
    return _shipped("configs")


def models_dir() -> Path:
    """The folder with one folder a model of ours."""
    return _shipped("models")


def user_path(word: str) -> Path:
    """The path that a word stands for, `~` being a home; as it is where nobody has that home."""
    path = Path(word)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def usable_cores() -> int:
    """Processor cores that this process may run on, as far as the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keep_freed_memory() -> None:
    """Let this process keep freed memory for its next pictures, where glibc manages it.

    It gives much of it back by default, as chance will have it. To be given it anew costs a page
    fault every 4 KiB: a tenth of all the work of tracking at 1280x720, 6 % of a training step. For
    programs; it holds until the process ends.
    """
    if sys.platform == "linux":
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if set_option is not None:
            for option, size in _KEEP.items():
                set_option(option, size)


def make_way() -> None:
    """Let this thread, and those that it starts, run after others where the processor is scarce.

    On Linux, where each thread has a niceness of its own. Not by much: what waits for a lock that
    this thread holds waits for the thread.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        nice = os.getpriority(os.PRIO_PROCESS, thread)
        with suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, thread, nice + _NICER)
