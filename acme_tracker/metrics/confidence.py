"""Does a quality tell right boxes from wrong ones, and is a confidence the share that is right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import Floats

Mask = NDArray[np.bool_]

BINS = 10


def auroc(quality: Floats, right: Mask) -> float:
    """Chance that a right one of (N,) has a higher quality than a wrong one; NaN without both."""
    _, place, count = np.unique(quality, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    good, bad = int(right.sum()), int((~right).sum())
    if not good or not bad:
        return float("nan")
    return float((rank[right].sum() - good * (good + 1) / 2) / (good * bad))


@dataclass(frozen=True, eq=False)
class Reliability:
    """Those of like confidence together, in bins of equal width; empty bins are left out.

    Attributes:
        confidence: (B,) mean of each bin.
        right: (B,) share that was right.
        count: (B,).
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean gap between confidence and share; NaN of nothing."""
        if not len(self.count):
            return float("nan")
        return float(np.average(np.abs(self.confidence - self.right), weights=self.count))


def reliability(confidence: Floats, right: Mask) -> Reliability:
    """Bins of the confidences (N,) in [0, 1] of boxes that were `right` (N,) or not."""
    of_bin = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(of_bin, minlength=BINS)
    used = count > 0
    sums = (np.bincount(of_bin, values, BINS)[used] for values in (confidence, right))
    mean_confidence, share = (total / count[used] for total in sums)
    return Reliability(mean_confidence, share, count[used])
