"""Which pixels a mesh covers: triangles sampled at the middles of pixels, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NEAR_M = 0.1
_BATCH = 2_000_000  # candidate pixels at a time


def clip_near(corners: Floats, near: float = NEAR_M) -> Floats:
    """Triangles (N, 3, 3) in camera space (right, down, ahead), cut at a plane ahead of it."""
    ahead = corners[:, :, 2] > near
    count = ahead.sum(axis=1)
    kept = [corners[count == 3]]
    for triangle, inside in zip(corners[(count == 1) | (count == 2)],
                                ahead[(count == 1) | (count == 2)], strict=True):  # fmt: skip
        kept.append(_clip_one(triangle, inside, near))
    return np.concatenate(kept)


def _clip_one(triangle: Floats, inside: NDArray[np.bool_], near: float) -> Floats:
    polygon = []
    for here in range(3):
        there = (here + 1) % 3
        if inside[here]:
            polygon.append(triangle[here])
        if inside[here] != inside[there]:
            share = (near - triangle[here, 2]) / (triangle[there, 2] - triangle[here, 2])
            polygon.append(triangle[here] + share * (triangle[there] - triangle[here]))
    return np.stack([np.stack([polygon[0], polygon[i], polygon[i + 1]])
                     for i in range(1, len(polygon) - 1)])  # fmt: skip


def extent(pixels: Floats, size: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Least and greatest (x, y) of triangles' (N, 3, 2) parts in a picture of (width, height).

    Both are the picture's middle where nothing is inside.
    """
    starts, ends = pixels.reshape(-1, 2), np.roll(pixels, -1, axis=1).reshape(-1, 2)
    starts, ends = _cut(starts, ends, np.array(size, np.float64))
    corners = np.array([(0, 0), (size[0], 0), (0, size[1]), tuple(size)], np.float64)
    inside = [corner for corner in corners if _holds(pixels, corner)]
    points = np.concatenate([starts, ends, np.array(inside).reshape(-1, 2)])
    if not len(points):
        return size / 2, size / 2
    points = np.clip(points, 0, size)  # of rounding
    return points.min(axis=0), points.max(axis=0)


def _cut(starts: Floats, ends: Floats, size: Floats) -> tuple[Floats, Floats]:
    """The parts of segments (N, 2) in a picture (Liang and Barsky 1984); others are left out."""
    way = ends - starts
    first, last = np.zeros(len(way)), np.ones(len(way))
    for axis in range(2):
        step, here = way[:, axis], starts[:, axis]
        with np.errstate(divide="ignore", invalid="ignore"):
            sides = np.sort(np.stack([-here / step, (size[axis] - here) / step]), axis=0)
        along = np.where((here >= 0) & (here <= size[axis]), 0.0, np.inf)  # of those that stand
        enter = np.where(step == 0, along, sides[0])
        leave = np.where(step == 0, np.inf, sides[1])
        first, last = np.maximum(first, enter), np.minimum(last, leave)
    kept = first <= last
    starts, way = starts[kept], way[kept]
    return starts + first[kept, None] * way, starts + last[kept, None] * way


def _holds(pixels: Floats, point: Floats) -> bool:
    """Whether a point lies in a triangle (N, 3, 2)."""
    x, y = np.full(len(pixels), point[0]), np.full(len(pixels), point[1])
    a, b, c = (pixels[:, index] for index in range(3))
    sides = np.stack([_side(a, b, x, y), _side(b, c, x, y), _side(c, a, x, y)])
    flat = (sides == 0).all(axis=0)
    return bool((((sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)) & ~flat).any())


def covered(pixels: Floats, left: int, top: int, width: int, height: int) -> NDArray[np.bool_]:
    """Mask (H, W) of the pixels, from (left, top) on, whose middle lies in a triangle (N, 3, 2)."""
    mask = np.zeros((height, width), bool)
    corners = pixels - np.array((left, top)) - 0.5
    low = np.ceil(corners.min(axis=1)).astype(np.int64)
    high = np.floor(corners.max(axis=1)).astype(np.int64) + 1
    low = np.maximum(low, 0)
    high = np.minimum(high, (width, height))
    spans = np.maximum(high - low, 0)
    counts = spans[:, 0] * spans[:, 1]
    rows = np.flatnonzero(counts)
    for part in _batches(rows, counts):
        _fill(mask, corners[part], low[part], spans[part], counts[part])
    return mask


def _batches(rows: NDArray[np.int64], counts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    ends = np.cumsum(counts[rows]) // _BATCH
    return [rows[ends == number] for number in np.unique(ends)]


def _fill(
    mask: NDArray[np.bool_],
    corners: Floats,
    low: NDArray[np.int64],
    spans: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    which = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    x = low[which, 0] + within % spans[which, 0]
    y = low[which, 1] + within // spans[which, 0]
    a, b, c = (corners[which, index] for index in range(3))
    sides = np.stack([_side(a, b, x, y), _side(b, c, x, y), _side(c, a, x, y)])
    inside = (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)
    mask[y[inside], x[inside]] = True


def _side(one: Floats, two: Floats, x: NDArray[Any], y: NDArray[Any]) -> Floats:
    ahead = two - one
    return np.asarray(ahead[:, 0] * (y - one[:, 1]) - ahead[:, 1] * (x - one[:, 0]))
