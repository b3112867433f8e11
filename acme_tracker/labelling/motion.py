"""What moves evenly is no thing of the background that looks like a road user."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.labelling.fusion import Fused

_EVEN = 0.1  # share of its size by which an object may be off a straight path
_NEAR = 1.5  # it moves less than so many times its size from one look to the next
_GROWTH = 1.25  # and its size changes less than so many times
_RIDER_GROWTH = 1.6  # a rider alone is so many times smaller than with the bike, at most
_STILL, _STILL_PX = 0.25, 4  # what moves less, by its size or in pixels, may be a thing that stands


def follow(before: Fused, now: Fused, after: Fused) -> Fused:
    """The objects of a frame, with which of them move, and with the votes of all three looks."""
    moving, votes, size = np.zeros(len(now), bool), now.votes.copy(), _sizes_px(now.xyxy)
    old, new = _linked(now, before), _linked(now, after)  # (N, P), (N, Q)
    for row, here in enumerate(boxes.centres(now.xyxy)):
        came, goes = before[old[row]], after[new[row]]
        if not (len(came) and len(goes)):
            continue
        starts, ends = boxes.centres(came.xyxy)[:, None], boxes.centres(goes.xyxy)[None]
        off = np.linalg.norm((starts + ends) / 2 - here, axis=2)  # (P, Q)
        first, last = np.unravel_index(off.argmin(), off.shape)
        if off[first, last] <= _EVEN * size[row]:
            way = np.linalg.norm(ends[0, last] - starts[first, 0])
            moving[row] = way >= max(_STILL * size[row], _STILL_PX)
            votes[row] += came.votes[first] + goes.votes[last]
    return replace(now, moving=moving, votes=votes)


def _linked(now: Fused, other: Fused) -> NDArray[np.bool_]:
    """(N, M) which could be the same object a moment before or after."""
    alike = now.kind[:, None] == other.kind
    return np.asarray(alike & _reachable(now.xyxy, other.xyxy, _GROWTH))


def may_ride(people: Boxes, bikes: Boxes) -> NDArray[np.bool_]:
    """(N, 4), (M, 4) -> (N,) who may ride one of the bikes of a little earlier or later."""
    return np.asarray(_reachable(people, bikes, _RIDER_GROWTH).any(1))


def _reachable(now: Boxes, other: Boxes, most_growth: float) -> NDArray[np.bool_]:
    """(N, 4), (M, 4) -> (N, M) which are of about one size, and near."""
    size = _sizes_px(now)[:, None]
    way = np.linalg.norm(boxes.centres(now)[:, None] - boxes.centres(other), axis=2)
    growth = size / _sizes_px(other)
    alike = (growth < most_growth) & (growth > 1 / most_growth)
    return np.asarray(alike & (way < _NEAR * size))


def _sizes_px(xyxy: Boxes) -> NDArray[np.float32]:
    """(N, 4) -> (N,) the side of a square of each box's area."""
    return np.asarray(np.sqrt(np.maximum(boxes.areas(xyxy), 1)), np.float32)
