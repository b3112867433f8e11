"""HOTA: how well objects are found and how well they are kept apart, in equal parts.

Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acme_tracker.metrics.overlaps import ROUNDING, Floats, Ints, Overlaps, Pairs

ALPHAS: Floats = np.arange(0.05, 0.99, 0.05)  # (19,) IoU thresholds


@dataclass(frozen=True, eq=False)
class Hota:
    """Sums over boxes at each of the 19 IoU thresholds, (19,) each; so sequences add up.

    Attributes:
        found: matched truth boxes (true positives).
        missed: truth boxes without a match (false negatives).
        false: result boxes without a match (false positives).
        iou_sum: overlap of the matches.
        association_sum: of each match, the share that its two tracks have in common.
        association_recall_sum: the same as a share of the truth track.
        association_precision_sum: the same as a share of the result track.
    """

    found: Floats
    missed: Floats
    false: Floats
    iou_sum: Floats
    association_sum: Floats
    association_recall_sum: Floats
    association_precision_sum: Floats

    @property
    def hota(self) -> float:
        return _mean(np.sqrt(self._det_a * self._ass_a))

    @property
    def det_a(self) -> float:
        return _mean(self._det_a)

    @property
    def ass_a(self) -> float:
        return _mean(self._ass_a)

    @property
    def det_re(self) -> float:
        return _mean(self.found / np.maximum(1, self.found + self.missed))

    @property
    def det_pr(self) -> float:
        return _mean(self.found / np.maximum(1, self.found + self.false))

    @property
    def ass_re(self) -> float:
        return _mean(self.association_recall_sum / np.maximum(1, self.found))

    @property
    def ass_pr(self) -> float:
        return _mean(self.association_precision_sum / np.maximum(1, self.found))

    @property
    def loc_a(self) -> float:
        """Mean overlap of the matches, 1 at thresholds that nothing reaches."""
        nothing = np.ones_like(self.iou_sum)
        return _mean(np.divide(self.iou_sum, self.found, out=nothing, where=self.found > 0))

    @property
    def _det_a(self) -> Floats:
        return self.found / np.maximum(1, self.found + self.missed + self.false)

    @property
    def _ass_a(self) -> Floats:
        return self.association_sum / np.maximum(1, self.found)


def _mean(over_alphas: Floats) -> float:
    return float(over_alphas.mean())


def hota(overlaps: Overlaps) -> Hota:
    """Count for HOTA over one sequence."""
    pairs = overlaps.pairs
    result_tracks = len(overlaps.result_length)
    keys, kind = np.unique(
        overlaps.truth_track[pairs.a] * result_tracks + overlaps.result_track[pairs.b],
        return_inverse=True,
    )  # a kind of pair is a truth track with a result track
    length_truth = overlaps.truth_length[keys // max(1, result_tracks)]
    length_result = overlaps.result_length[keys % max(1, result_tracks)]

    common = np.bincount(kind, _share_of_frame(pairs), len(keys))
    alignment = common / (length_truth + length_result - common)
    matched = pairs.assign(alignment[kind] * pairs.iou)
    matches, iou_sum = _by_threshold(kind[matched], pairs.iou[matched], len(keys))

    found = matches.sum(axis=0)
    whole, recall, precision = (
        (matches**2 / np.maximum(1, length)).sum(axis=0)
        for length in (
            (length_truth + length_result)[:, None] - matches,
            length_truth[:, None],
            length_result[:, None],
        )
    )
    return Hota(
        found=found,
        missed=len(overlaps.truth) - found,
        false=len(overlaps.result) - found,
        iou_sum=iou_sum,
        association_sum=whole,
        association_recall_sum=recall,
        association_precision_sum=precision,
    )


def _share_of_frame(pairs: Pairs) -> Floats:
    """IoU of each pair over all the overlap that its two boxes have: (P,)."""
    of_a, of_b = np.bincount(pairs.a, pairs.iou), np.bincount(pairs.b, pairs.iou)
    return pairs.iou / (of_a[pairs.a] + of_b[pairs.b] - pairs.iou)


def _by_threshold(kind: Ints, iou: Floats, kinds: int) -> tuple[Floats, Floats]:
    """Matches of each kind at each threshold (K, 19), and the sum of their IoU (19,)."""
    steps = len(ALPHAS) + 1
    passed = np.searchsorted(ALPHAS - ROUNDING, iou, "right")  # thresholds that each match reaches
    exactly = np.bincount(kind * steps + passed, minlength=kinds * steps).reshape(kinds, steps)
    iou_exactly = np.bincount(passed, iou, steps)
    return _this_or_more(exactly)[:, 1:], _this_or_more(iou_exactly)[1:]


def _this_or_more(counts: Floats | Ints) -> Floats:
    """Cumulative sums from the end of the last axis."""
    return np.cumsum(counts[..., ::-1], axis=-1, dtype=np.float64)[..., ::-1]
