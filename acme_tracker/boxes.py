"""Arithmetic of boxes, vectorised. Every function takes xyxy arrays (N, 4) and returns new ones."""

from __future__ import annotations

import numpy as np

from acme_tracker.datatypes import Boxes, Floats


def centres(xyxy: Boxes) -> Floats:
    """(N, 4) -> (N, 2) x, y."""
    return np.asarray((xyxy[:, :2] + xyxy[:, 2:]) * np.float32(0.5), np.float32)


def sizes(xyxy: Boxes) -> Floats:
    """(N, 4) -> (N, 2) width, height; 0 for inverted boxes."""
    return np.asarray(np.maximum(xyxy[:, 2:] - xyxy[:, :2], np.float32(0)), np.float32)


def areas(xyxy: Boxes) -> Floats:
    """(N, 4) -> (N,) square pixels."""
    size = sizes(xyxy)
    return size[:, 0] * size[:, 1]


def from_centres(centre: Floats, size: Floats) -> Boxes:
    """(N, 2) centres and (N, 2) sizes -> (N, 4)."""
    half = size * np.float32(0.5)
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32, copy=False)


def to_ltwh(xyxy: Boxes) -> Floats:
    """(N, 4) xyxy -> (N, 4) left, top, width, height."""
    return np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)


def from_ltwh(ltwh: Floats) -> Boxes:
    """(N, 4) left, top, width, height -> (N, 4) xyxy."""
    return np.concatenate([ltwh[:, :2], ltwh[:, :2] + ltwh[:, 2:]], axis=1).astype(np.float32)


def clip(xyxy: Boxes, size: tuple[int, int]) -> Boxes:
    """(N, 4) cut to a picture of (width, height); boxes outside become empty."""
    return np.minimum(np.maximum(xyxy, np.float32(0)), np.array(size * 2, np.float32))


def _intersections(a: Boxes, b: Boxes) -> Floats:
    """(N, 4), (M, 4) -> (N, M) square pixels."""
    a, b = a[:, :, None], b.T  # (N, 4, 1), (4, M): axis by axis, NumPy is slow on pairs
    width = np.minimum(a[:, 2], b[2]) - np.maximum(a[:, 0], b[0])
    height = np.minimum(a[:, 3], b[3]) - np.maximum(a[:, 1], b[1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0), np.float32)


def iou(a: Boxes, b: Boxes) -> Floats:
    """Intersection over union of each pair, 0 for empty boxes: (N, 4), (M, 4) -> (N, M)."""
    shared = _intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None] - shared
    return _ratio(shared, union)


def coverage(a: Boxes, b: Boxes) -> Floats:
    """Share of each box of `a` that each box of `b` covers: (N, 4), (M, 4) -> (N, M) in [0, 1]."""
    return _ratio(_intersections(a, b), areas(a)[:, None])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Elementwise part / whole, 0 where there is no whole."""
    out = np.zeros_like(part)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
