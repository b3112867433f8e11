"""Identity metrics: boxes under the right id, each truth track having one result track of its own.

Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking",
ECCV Workshops 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from acme_tracker.metrics.overlaps import SAME_OBJECT_IOU, Overlaps


@dataclass(frozen=True)
class Identity:
    """Counts of one or more sequences.

    Attributes:
        right: boxes under the one right id (IDTP).
        missed: truth boxes that are not (IDFN).
        false: result boxes that are not (IDFP).
    """

    right: int
    missed: int
    false: int

    @property
    def idf1(self) -> float:
        return self.right / max(1.0, self.right + (self.missed + self.false) / 2)

    @property
    def idr(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def idp(self) -> float:
        return self.right / max(1, self.right + self.false)


def identity(overlaps: Overlaps) -> Identity:
    """Count for the identity metrics over one sequence."""
    pairs = overlaps.pairs[overlaps.pairs.iou >= SAME_OBJECT_IOU]
    shape = (len(overlaps.truth_length), len(overlaps.result_length))
    key = overlaps.truth_track[pairs.a] * shape[1] + overlaps.result_track[pairs.b]
    together = np.bincount(key, minlength=shape[0] * shape[1]).reshape(shape)
    # To pair two tracks saves as many missed and false boxes as they have frames in common.
    right = int(together[linear_sum_assignment(together, maximize=True)].sum())
    return Identity(right, len(overlaps.truth) - right, len(overlaps.result) - right)
