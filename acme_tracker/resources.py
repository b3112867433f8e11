"""What the program finds where it runs: the files that travel with it, and processor cores."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent


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


def usable_cores() -> int:
    """Processor cores that this process may run on, as far as the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
