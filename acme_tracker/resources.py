"""Where the models and configurations that travel with the program lie."""

from __future__ import annotations

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
