"""Truth and result of one sequence side by side: who overlaps whom, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from acme_tracker.datatypes import TrackRows
from acme_tracker.errors import DatasetError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAME_OBJECT_IOU = 0.5  # of CLEAR-MOT, Identity and the ignore boxes
ROUNDING = float(np.finfo(np.float64).eps)  # an IoU this little under a threshold counts as on it
_PAIRS_AT_ONCE = 1_000_000  # keeps the memory of long, crowded sequences flat


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of overlapping boxes (IoU > 0) on the same frame, in order of frames.

    Attributes:
        a: (P,) row in one table.
        b: (P,) row in the other.
        frame_index: (P,) frame of both.
        iou: (P,) float64.
    """

    a: Ints
    b: Ints
    frame_index: Ints
    iou: Floats

    def __len__(self) -> int:
        return len(self.a)

    def __getitem__(self, index: NDArray[np.bool_] | Ints) -> Pairs:
        return Pairs(self.a[index], self.b[index], self.frame_index[index], self.iou[index])

    def frames(self) -> Iterator[slice]:
        """The pairs of each frame that has any."""
        bounds = np.flatnonzero(np.diff(self.frame_index, prepend=-1, append=-1)).tolist()
        for start, stop in pairwise(bounds):
            yield slice(start, stop)

    def assign(self, value: Floats) -> Ints:
        """The pairs that, one to one on every frame, have the largest sum of positive values."""
        picked = [s.start + best(self.a[s], self.b[s], value[s]) for s in self.frames()]
        return np.concatenate(picked) if picked else np.empty(0, np.int64)


def best(a: Ints, b: Ints, value: Floats) -> Ints:
    """Positions of the one-to-one pairs with the largest sum of positive values on one frame."""
    if len(a) == 1:
        return np.zeros(1, np.int64)
    a_first, b_first = a.min(), b.min()  # rows of one frame lie together
    shape = (a.max() - a_first + 1, b.max() - b_first + 1)
    cost, position = np.zeros(shape), np.full(shape, -1, np.int64)
    cost[a - a_first, b - b_first] = -value
    position[a - a_first, b - b_first] = np.arange(len(a))
    picked: Ints = position[linear_sum_assignment(cost)]
    return picked[picked >= 0]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """What every tracking metric starts from.

    Attributes:
        truth: scored truth in order of frames.
        result: the result without what is to be ignored, in order of frames.
        truth_track: (T,) number of each truth row's track, 0 to truth_tracks - 1.
        result_track: (R,) the same for the result.
        pairs: `a` rows of `truth`, `b` rows of `result`.
    """

    truth: TrackRows
    result: TrackRows
    truth_track: Ints
    result_track: Ints
    pairs: Pairs

    @property
    def truth_length(self) -> Ints:
        """Boxes of each truth track."""
        return np.bincount(self.truth_track)

    @property
    def result_length(self) -> Ints:
        """Boxes of each result track."""
        return np.bincount(self.result_track)


def find_overlaps(
    truth: TrackRows, result: TrackRows, ignore_above_px: float | None = None
) -> Overlaps:
    """Drop what is to be ignored, then pair up what overlaps.

    A result box that overlaps an ignore box (truth that is not `scored`) by IoU >= 0.5 is dropped
    unless it is matched to scored truth; so is one whose bottom edge lies above `ignore_above_px`.

    Raises:
        DatasetError: a track has two boxes on one frame.
    """
    scored, ignored = _in_order(truth[truth.scored]), _in_order(truth[~truth.scored])
    result = _in_order(result)
    refuse_twins("the truth", scored)
    refuse_twins("the result", result)
    if ignore_above_px is not None:
        result = result[result.xyxy[:, 3] >= ignore_above_px]
    result = _without_ignored(scored, ignored, result)
    return Overlaps(
        truth=scored,
        result=result,
        truth_track=np.unique(scored.track_id, return_inverse=True)[1],
        result_track=np.unique(result.track_id, return_inverse=True)[1],
        pairs=_pairs(scored, result),
    )


def _in_order(rows: TrackRows) -> TrackRows:
    return rows[np.argsort(rows.frame_index, kind="stable")]


def refuse_twins(what: str, rows: TrackRows) -> None:
    """DatasetError, with the track and the frame, where a track has two boxes on a frame."""
    keys = np.stack([rows.frame_index, rows.track_id], axis=1)
    distinct, count = np.unique(keys, axis=0, return_counts=True)
    if (count > 1).any():
        frame, track = distinct[count > 1][0]
        raise DatasetError(
            f"a track has at most one box on a frame, but track {track} of {what} has "
            f"{count[count > 1][0]} on frame {frame} (counted from 0); give each its own id"
        )


def _without_ignored(scored: TrackRows, ignored: TrackRows, result: TrackRows) -> TrackRows:
    on_ignored = _pairs(ignored, result)
    doubtful = np.zeros(len(result), np.bool_)
    doubtful[on_ignored.b[on_ignored.iou >= SAME_OBJECT_IOU]] = True
    if not doubtful.any():
        return result
    pairs = _pairs(scored, result)
    matched = pairs[pairs.assign(pairs.iou)]
    doubtful[matched.b[matched.iou >= SAME_OBJECT_IOU]] = False
    return result[~doubtful]


def _pairs(a: TrackRows, b: TrackRows) -> Pairs:
    """Overlapping pairs of two tables that are in order of frames."""
    first = np.searchsorted(b.frame_index, a.frame_index, "left")
    count = np.searchsorted(b.frame_index, a.frame_index, "right") - first
    batch = np.cumsum(count) // _PAIRS_AT_ONCE
    bounds = np.flatnonzero(np.diff(batch, prepend=-1, append=-1)).tolist()
    found = [
        _pairs_of(np.arange(start, stop), first[start:stop], count[start:stop], a, b)
        for start, stop in pairwise(bounds)
    ]
    rows_a, rows_b, iou = (
        np.concatenate(columns) for columns in zip(_NO_PAIRS, *found, strict=True)
    )
    return Pairs(rows_a, rows_b, a.frame_index[rows_a], iou)


_NO_PAIRS = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))


def _pairs_of(
    rows: Ints, first: Ints, count: Ints, a: TrackRows, b: TrackRows
) -> tuple[Ints, Ints, Floats]:
    """Rows of `a`, each with its `count` rows of `b` from `first` on; pairs that overlap, IoU."""
    rows_a = np.repeat(rows, count)
    within = np.arange(len(rows_a)) - np.repeat(np.cumsum(count) - count, count)
    rows_b = np.repeat(first, count) + within
    iou = paired_iou(a.xyxy[rows_a], b.xyxy[rows_b])
    overlap = iou > 0
    return rows_a[overlap], rows_b[overlap], iou[overlap]


def paired_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> Floats:
    """IoU of each box of `a` with the same row of `b` in float64: (P, 4), (P, 4) -> (P,)."""
    p, q = a.astype(np.float64), b.astype(np.float64)
    shared = _area(np.maximum(p[:, :2], q[:, :2]), np.minimum(p[:, 2:], q[:, 2:]))
    union = _area(p[:, :2], p[:, 2:]) + _area(q[:, :2], q[:, 2:]) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _area(top_left: Floats, bottom_right: Floats) -> Floats:
    return np.asarray(np.maximum(bottom_right - top_left, 0).prod(axis=1), np.float64)
