"""Folders that are closed to this program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Meanwhile the folder may not be entered, not even if root runs the tests."""
    is_root = os.geteuid() == 0
    folder.chmod(0)
    try:
        if is_root:
            os.seteuid(_NOBODY)
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)
