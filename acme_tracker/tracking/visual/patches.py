"""Samples of a picture: patches of any size and shape, all of them in one call."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from acme_tracker.datatypes import Floats
from acme_tracker.frames import Luma
from acme_tracker.tracking.visual.arrays import NUMPY, Array, Arrays

ROWS = 540  # the picture is reduced, by a whole number, to about so many rows
LEVELS = 6  # the picture, its half, its quarter, ...
COARSE = 1.5  # samples further apart than so many pixels of a level are read from the next one


class Grid(NamedTuple):
    """Places in shares of a box's size, 0 its centre: two arrays that broadcast to (R, C).

    Where all places of a column lie above one another, one row of them tells it: a patch then costs
    no more than its edges.
    """

    across: Array  # (1 or R, C)
    down: Array  # (R, 1 or C)

    def on(self, arrays: Arrays) -> Grid:
        """The same where the work is done."""
        return Grid(arrays.put(self.across), arrays.put(self.down))


class Pyramid:
    """A picture and its repeated halves, side by side in one array that one remap can read."""

    def __init__(self, luma: Luma, arrays: Arrays = NUMPY) -> None:
        height, width = luma.shape
        step = min(max(1, round(height / ROWS)), width, height)
        self._scale = np.float32(1 / step)
        height, width = height // step, width // step
        atlas = np.empty((height, width + max(1, width // 2)), np.uint8)
        level = atlas[:height, :width]
        _reduce(luma, step, level)
        corners, sizes = [(0, 0)], [(width, height)]
        left, top = width, 0
        while len(sizes) < LEVELS and min(width, height) >= 2:
            width, height = width // 2, height // 2
            half = atlas[top : top + height, left : left + width]
            _reduce(level, 2, half)
            corners.append((left, top))
            sizes.append((width, height))
            level, top = half, top + height
        self._arrays, self._atlas = arrays, arrays.put(atlas)
        self._corner = np.array(corners, np.float32)  # (L, 2) of each level in the atlas
        self._last = np.array(sizes, np.float32) - 1  # (L, 2) each level's last pixel

    def sample(self, centre: Floats, size: Floats, grid: Grid) -> Array:
        """Centres (N, 2), sizes (N, 2), places (R, C) in shares of the size -> levels (N, R, C).

        Places outside the picture read its border.
        """
        count = grid.down.shape[0] * grid.across.shape[1]
        apart = np.sqrt(size[:, 0] * size[:, 1] / count) * self._scale
        level = np.ceil(np.log2(np.maximum(apart / COARSE, 1))).astype(np.intp)
        level = np.minimum(level, len(self._corner) - 1)
        scale = self._scale * np.exp2(-level).astype(np.float32)[:, None]
        middle, extent = centre * scale - np.float32(0.5), size * scale  # 0 at a pixel's centre
        columns = np.stack([extent, middle, self._last[level], self._corner[level]])
        extents, middles, last, corner = self._arrays.put(columns[..., None, None])  # (N, 2, 1, 1)
        first, maps = self._arrays.zeros((1, 1)), []
        for axis, places in enumerate(grid):
            at = extents[:, axis] * places
            at += middles[:, axis]
            at = self._arrays.xp.minimum(self._arrays.xp.maximum(at, first), last[:, axis])
            at += corner[:, axis]
            maps.append(at)
        return self._arrays.read(self._atlas, *maps)


def _reduce(picture: Luma, step: int, into: Luma) -> None:
    """Means of step x step pixels, without the rows and columns that are left over."""
    height, width = into.shape
    whole = picture[: height * step, : width * step]
    cv2.resize(whole, (width, height), dst=into, interpolation=cv2.INTER_AREA)


def square_grid(side: int) -> Grid:
    """The centres of the cells (side, side) of a unit square."""
    at = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / side - np.float32(0.5)
    return Grid(at[None], at[:, None])


def polar_grid(rays: int, rings: int, step: float, radius: float) -> Grid:
    """Places (rays, rings), each ring `step` times further out than the one before, to `radius`."""
    angle = 2 * np.pi * (np.arange(rays) + 0.5) / rays
    out = radius * step ** np.arange(1.0 - rings, 1.0)
    across, down = np.outer(np.cos(angle), out), np.outer(np.sin(angle), out)
    return Grid(across.astype(np.float32), down.astype(np.float32))
