"""All tracking metrics of one sequence, and of several together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from acme_tracker.datatypes import TrackRows
from acme_tracker.metrics.clear import Clear, clear
from acme_tracker.metrics.hota import Hota, hota
from acme_tracker.metrics.identity import Identity, identity
from acme_tracker.metrics.overlaps import find_overlaps

Counts = TypeVar("Counts", Hota, Clear, Identity)


@dataclass(frozen=True, eq=False)
class TrackingScores:
    """The counts behind every figure; percentages come from `figures`."""

    hota: Hota
    clear: Clear
    identity: Identity
    truth_boxes: int
    truth_tracks: int
    result_boxes: int
    result_tracks: int

    def figures(self) -> dict[str, float | int]:
        """The field's names; ratios in percent, counts as they are."""
        ratios = {
            "HOTA": self.hota.hota,
            "DetA": self.hota.det_a,
            "AssA": self.hota.ass_a,
            "DetRe": self.hota.det_re,
            "DetPr": self.hota.det_pr,
            "AssRe": self.hota.ass_re,
            "AssPr": self.hota.ass_pr,
            "LocA": self.hota.loc_a,
            "MOTA": self.clear.mota,
            "MOTP": self.clear.motp,
            "IDF1": self.identity.idf1,
            "IDP": self.identity.idp,
            "IDR": self.identity.idr,
        }
        counts = {
            "IDSW": self.clear.switches,
            "Frag": self.clear.fragments,
            "FP": self.clear.false,
            "FN": self.clear.missed,
            "MT": self.clear.mostly_tracked,
            "PT": self.clear.partly_tracked,
            "ML": self.clear.mostly_lost,
            "truth_boxes": self.truth_boxes,
            "truth_tracks": self.truth_tracks,
            "result_boxes": self.result_boxes,
            "result_tracks": self.result_tracks,
        }
        return {name: 100 * ratio for name, ratio in ratios.items()} | counts


def score_tracks(
    truth: TrackRows, result: TrackRows, ignore_above_px: float | None = None
) -> TrackingScores:
    """Score one sequence, whatever the classes; `find_overlaps` says what is ignored.

    Raises:
        DatasetError: a track has two boxes on one frame.
    """
    overlaps = find_overlaps(truth, result, ignore_above_px)
    return TrackingScores(
        hota=hota(overlaps),
        clear=clear(overlaps),
        identity=identity(overlaps),
        truth_boxes=len(overlaps.truth),
        truth_tracks=len(overlaps.truth_length),
        result_boxes=len(overlaps.result),
        result_tracks=len(overlaps.result_length),
    )


def score_class(
    truth: TrackRows,
    result: TrackRows,
    truth_ids: Sequence[int],
    result_ids: Sequence[int],
    ignore_above_px: float | None = None,
) -> TrackingScores:
    """Score the boxes of one class alone: its class_ids in the truth and in the result.

    Ignore boxes count whatever their class: what lies on them is not known.
    """
    here = np.isin(truth.class_id, truth_ids) | ~truth.scored
    return score_tracks(truth[here], result[np.isin(result.class_id, result_ids)], ignore_above_px)


def total(scores: Sequence[TrackingScores]) -> TrackingScores:
    """Several sequences as one: counts add up, so that long sequences weigh more than short."""
    if not scores:
        raise ValueError("total needs the scores of at least one sequence")
    return TrackingScores(
        hota=_sum([s.hota for s in scores]),
        clear=_sum([s.clear for s in scores]),
        identity=_sum([s.identity for s in scores]),
        truth_boxes=sum(s.truth_boxes for s in scores),
        truth_tracks=sum(s.truth_tracks for s in scores),
        result_boxes=sum(s.result_boxes for s in scores),
        result_tracks=sum(s.result_tracks for s in scores),
    )


def _sum(counts: Sequence[Counts]) -> Counts:
    names = [f.name for f in fields(counts[0])]
    return type(counts[0])(**{n: sum(getattr(c, n) for c in counts) for n in names})
