"""CLEAR-MOT: missed boxes, false boxes and switched identities, frame by frame at IoU >= 0.5.

Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT
Metrics", EURASIP Journal on Image and Video Processing 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acme_tracker.metrics.overlaps import (
    ROUNDING,
    SAME_OBJECT_IOU,
    Ints,
    Overlaps,
    Pairs,
    best,
)

_CONTINUES = 1000.0  # worth more than any sum of overlaps on a frame: pairs go on where they can
_MOSTLY_TRACKED, _MOSTLY_LOST = 0.8, 0.2


@dataclass(frozen=True)
class Clear:
    """Counts of one or more sequences.

    Attributes:
        found: matched truth boxes (true positives).
        missed: truth boxes without a match (false negatives).
        false: result boxes without a match (false positives).
        iou_sum: overlap of the matches.
        switches: a truth track goes on under another id than it last had.
        fragments: a truth track is found again after it was lost.
        mostly_tracked: truth tracks found on over 80 % of their boxes.
        partly_tracked: those between.
        mostly_lost: truth tracks found on under 20 % of their boxes.
    """

    found: int
    missed: int
    false: int
    iou_sum: float
    switches: int
    fragments: int
    mostly_tracked: int
    partly_tracked: int
    mostly_lost: int

    @property
    def mota(self) -> float:
        """Multiple object tracking accuracy; below 0 if there are more errors than objects."""
        return (self.found - self.false - self.switches) / max(1, self.found + self.missed)

    @property
    def motp(self) -> float:
        """Mean overlap of the matches."""
        return self.iou_sum / max(1, self.found)


def clear_matches(overlaps: Overlaps) -> Pairs:
    """Matches of each frame at IoU >= 0.5: those of the frame before go on, then most overlap."""
    pairs = overlaps.pairs[overlaps.pairs.iou >= SAME_OBJECT_IOU - ROUNDING]
    step = _steps(overlaps, pairs.frame_index)
    track, found = overlaps.truth_track[pairs.a], overlaps.result_track[pairs.b]
    last_match = np.full(len(overlaps.truth_length), -1)
    last_step = np.full(len(overlaps.truth_length), -2)
    picked = [np.empty(0, np.int64)]
    for frame in pairs.frames():
        here = track[frame]
        goes_on = (last_match[here] == found[frame]) & (last_step[here] == step[frame.start] - 1)
        value = pairs.iou[frame] + _CONTINUES * goes_on
        chosen = frame.start + best(pairs.a[frame], pairs.b[frame], value)
        last_match[track[chosen]] = found[chosen]
        last_step[track[chosen]] = step[frame.start]
        picked.append(chosen)
    return pairs[np.concatenate(picked)]


def clear(overlaps: Overlaps) -> Clear:
    """Count for CLEAR-MOT over one sequence."""
    matches = clear_matches(overlaps)
    track = overlaps.truth_track[matches.a]
    order = np.lexsort((matches.frame_index, track))  # each truth track's matches in time
    same_track = track[order][1:] == track[order][:-1]
    on_step = _steps(overlaps, matches.frame_index)[order]
    length = overlaps.truth_length
    share = np.bincount(track, minlength=len(length)) / length
    mostly_tracked = int((share > _MOSTLY_TRACKED).sum())
    partly_tracked = int((share >= _MOSTLY_LOST).sum()) - mostly_tracked
    return Clear(
        found=len(matches),
        missed=len(overlaps.truth) - len(matches),
        false=len(overlaps.result) - len(matches),
        iou_sum=float(matches.iou.sum()),
        switches=int(switched(track, overlaps.result_track[matches.b]).sum()),
        fragments=int((same_track & (np.diff(on_step) > 1)).sum()),
        mostly_tracked=mostly_tracked,
        partly_tracked=partly_tracked,
        mostly_lost=len(length) - mostly_tracked - partly_tracked,
    )


def switched(track: Ints, found: Ints) -> NDArray[np.bool_]:
    """Where the matches of a truth track, in order of time, change to another result track."""
    order = np.argsort(track, kind="stable")
    track, found = track[order], found[order]
    out = np.zeros(len(track), np.bool_)
    out[order[1:]] = (track[1:] == track[:-1]) & (found[1:] != found[:-1])
    return out


def _steps(overlaps: Overlaps, frame_index: Ints) -> Ints:
    """Count frames as TrackEval does: only those that have both truth and result boxes."""
    both = np.intersect1d(overlaps.truth.frame_index, overlaps.result.frame_index)
    return np.searchsorted(both, frame_index)
