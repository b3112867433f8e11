"""Ways along the ground: points in metres, found again by the way travelled."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from math import cos, sin

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP_M = 0.5


class Path:
    """A smooth line on the ground. Left of it is positive."""

    def __init__(self, points: Sequence[Sequence[float]] | Array) -> None:
        self.points: Array = np.asarray(points, float)  # (N, 2)
        ways = np.hypot(*np.diff(self.points, axis=0).T)
        self.way: Array = np.concatenate([[0.0], np.cumsum(ways)])

    @property
    def length(self) -> float:
        return float(self.way[-1])

    @cached_property
    def headings(self) -> Array:
        """Radians at each point, without jumps."""
        dx, dy = np.gradient(self.points, axis=0).T
        return np.asarray(np.unwrap(np.arctan2(dy, dx)))

    def at(self, way: Array, left: Array | float = 0.0) -> tuple[Array, Array]:
        """Points (N, 2) `left` of the line, and headings (N,); straight on past its ends."""
        way = np.asarray(way, float)
        heading = np.interp(way, self.way, self.headings)
        ahead = np.stack([np.cos(heading), np.sin(heading)], -1)
        inside = np.clip(way, 0, self.length)
        x = np.interp(inside, self.way, self.points[:, 0])
        y = np.interp(inside, self.way, self.points[:, 1])
        point = np.stack([x, y], -1) + (way - inside)[..., None] * ahead
        aside = np.stack([-ahead[..., 1], ahead[..., 0]], -1)
        return point + np.asarray(left)[..., None] * aside, heading

    @cached_property
    def _table(self) -> tuple[list[float], list[list[float]]]:
        """Ways, and rows of (x, y, heading), as plain numbers: faster for one point at a time."""
        return self.way.tolist(), np.column_stack([self.points, self.headings]).tolist()

    def one(self, way: float, left: float) -> tuple[float, float, float]:
        """As `at`, for one point: x, y, heading."""
        ways, rows = self._table
        inside = min(max(way, 0.0), ways[-1])
        after = min(max(bisect_right(ways, inside), 1), len(ways) - 1)
        low, high = rows[after - 1], rows[after]
        share = (inside - ways[after - 1]) / (ways[after] - ways[after - 1])
        x, y, heading = (a + share * (b - a) for a, b in zip(low, high, strict=True))
        ahead_x, ahead_y = cos(heading), sin(heading)
        beyond = way - inside
        return x + beyond * ahead_x - left * ahead_y, y + beyond * ahead_y + left * ahead_x, heading

    @cached_property
    def curvature(self) -> Array:
        """1/m at each point, smoothed over 3 m."""
        bend = np.abs(np.gradient(self.headings, self.way))
        width = max(1, round(3 / STEP_M))
        return np.convolve(bend, np.ones(width) / width, "same")

    def offset(self, left: float) -> Path:
        return Path(self.at(self.way, np.full(len(self.way), left))[0])


def straight(start: Sequence[float], end: Sequence[float]) -> Array:
    """Points every half metre from one to the other, both included."""
    one, two = np.asarray(start, float), np.asarray(end, float)
    count = max(2, round(float(np.hypot(*(two - one))) / STEP_M) + 1)
    return np.asarray(one + np.linspace(0, 1, count)[:, None] * (two - one))


def bend(start: Sequence[float], knee: Sequence[float], end: Sequence[float]) -> Array:
    """A curve from one to the other that leaves and arrives along the lines through the knee."""
    one, mid, two = (np.asarray(p, float) for p in (start, knee, end))
    share = np.linspace(0, 1, 60)[:, None]
    # A cubic whose arms reach 0.55 of the way to the knee is nearly a circle.
    first, second = one + 0.55 * (mid - one), two + 0.55 * (mid - two)
    curve = (
        (1 - share) ** 3 * one
        + 3 * (1 - share) ** 2 * share * first
        + 3 * (1 - share) * share**2 * second
        + share**3 * two
    )
    return np.asarray(curve)


def joined(*pieces: Array) -> Path:
    """One path through pieces, sampled evenly."""
    points = [pieces[0], *(piece[1:] for piece in pieces[1:])]
    raw = Path(np.concatenate(points))
    count = max(2, round(raw.length / STEP_M) + 1)
    even = np.linspace(0, raw.length, count)
    x = np.interp(even, raw.way, raw.points[:, 0])
    y = np.interp(even, raw.way, raw.points[:, 1])
    return Path(np.stack([x, y], 1))


def ribbon(path: Path, left: float, right: float) -> list[tuple[float, float]]:
    """The outline, counter-clockwise, of what lies between two distances to the left of a path."""
    high, low = max(left, right), min(left, right)
    way = np.unique(np.append(np.arange(0, path.length, 2.0), path.length))
    there, _ = path.at(way, np.full(len(way), low))
    back, _ = path.at(way[::-1], np.full(len(way), high))
    return [(float(x), float(y)) for x, y in np.concatenate([there, back])]
