"""Puts the renderer's code, which is no part of the package, where tests find it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "sample_videos"))


@pytest.fixture(scope="session")
def crossing() -> Any:
    """The crossing (a Scene) for 14 s from the 12th on, with its traffic (a list of Mover)."""
    from render.clip import movers_of
    from render.scenes import scene

    wanted = scene("intersection", 1)
    signals = replace(wanted.signals, offset_s=3.0)
    wanted = replace(wanted, warm_up_s=12.0, seconds=14.0, signals=signals)
    return wanted, movers_of(wanted)
