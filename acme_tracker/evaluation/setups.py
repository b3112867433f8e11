"""Ways to track, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from acme_tracker.config import TrackSettings

COSTS = ("frames_per_s", "cpu_ms_per_frame", "looks_per_frame")


class Oracle(StrEnum):
    """Which part of a run knows the truth."""

    NONE = ""
    BOXES = "truth boxes"  # a perfect detector, our association
    IDS = "ideal ids"  # our boxes, a perfect association


@dataclass(frozen=True)
class Setup:
    """One way to track: a row of the table."""

    settings: TrackSettings
    oracle: Oracle = Oracle.NONE

    @property
    def tracked_as(self) -> Setup:
        """The setup that is run for this one: ideal ids are given to its tracks afterwards."""
        return replace(self, oracle=Oracle.NONE) if self.oracle is Oracle.IDS else self

    @property
    def words(self) -> dict[str, str]:
        """What to call it, column by column."""
        every = self.settings.redetection.every_frames
        return {
            "oracle": self.oracle.value,
            "detector": "" if self.oracle is Oracle.BOXES else self.settings.detector.name,
            "visual_tracker": self.settings.visual_tracker.name,
            "every": "policy" if every is None else str(every),
        }


@dataclass(frozen=True)
class Cost:
    """What tracking so many frames took; decoding and converting them is not in it."""

    frames: int = 0
    looks: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def __add__(self, other: Self) -> Cost:
        return Cost(
            self.frames + other.frames,
            self.looks + other.looks,
            self.cpu_s + other.cpu_s,
            self.wall_s + other.wall_s,
        )

    def figures(self) -> dict[str, float]:
        """By the names of COSTS."""
        frames = max(1, self.frames)
        rate = self.frames / max(self.wall_s, 1e-9)
        return dict(
            zip(COSTS, (rate, 1000 * self.cpu_s / frames, self.looks / frames), strict=True)
        )


def with_oracles(setups: Sequence[Setup]) -> list[Setup]:
    """The setups, and what they would be with truth boxes (whatever the detector), or ideal ids."""
    first: dict[tuple[str, str], Setup] = {}
    for setup in setups:
        words = setup.words
        first.setdefault((words["visual_tracker"], words["every"]), setup)
    boxes = [replace(setup, oracle=Oracle.BOXES) for setup in first.values()]
    return [*setups, *boxes, *(replace(setup, oracle=Oracle.IDS) for setup in setups)]
