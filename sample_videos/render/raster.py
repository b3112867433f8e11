"""Which pixels a mesh covers: triangles sampled at the middles of pixels, all at once."""

from __future__ import annotations

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


def _side(one: Floats, two: Floats, x: NDArray[np.int64], y: NDArray[np.int64]) -> Floats:
    ahead = two - one
    return np.asarray(ahead[:, 0] * (y - one[:, 1]) - ahead[:, 1] * (x - one[:, 0]))
