"""What became of every truth box: under which id it was found, where it was lost or switched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import TrackRows
from acme_tracker.metrics.clear import clear_matches, switched
from acme_tracker.metrics.overlaps import Ints, find_overlaps
from acme_tracker.tables import Table


@dataclass(frozen=True, eq=False)
class Timeline(Table):
    """One row a scored truth box, in order of frames; matched as CLEAR-MOT does (IoU >= 0.5).

    Attributes:
        frame_index: (N,) 0-based.
        truth_id: (N,) the truth's track_id.
        found: (N,) bool, a result box matches.
        result_id: (N,) its track_id; 0 where there is none.
        switched: (N,) bool, the truth track was last found under another id.
    """

    frame_index: Ints
    truth_id: Ints
    found: NDArray[np.bool_]
    result_id: Ints
    switched: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = self._check("frame_index", np.int64)
        self._check("truth_id", np.int64, like=count)
        self._check("found", np.bool_, like=count)
        self._check("result_id", np.int64, like=count)
        self._check("switched", np.bool_, like=count)


def timeline(truth: TrackRows, result: TrackRows, ignore_above_px: float | None = None) -> Timeline:
    """Follow every truth track through a result; raises as `find_overlaps` does."""
    overlaps = find_overlaps(truth, result, ignore_above_px)
    matches = clear_matches(overlaps)
    count = len(overlaps.truth)
    found, turned = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    result_id = np.zeros(count, np.int64)
    found[matches.a] = True
    result_id[matches.a] = overlaps.result.track_id[matches.b]
    turned[matches.a] = switched(overlaps.truth_track[matches.a], overlaps.result_track[matches.b])
    return Timeline(overlaps.truth.frame_index, overlaps.truth.track_id, found, result_id, turned)
