"""What if one part were perfect? The gaps show which part is worth mending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acme_tracker.boxes import centres, clip
from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datatypes import ClassList, Detections, TrackRows
from acme_tracker.detection.background import corner_of
from acme_tracker.evaluation.frames import RowsByFrame
from acme_tracker.frames import Frame, Image
from acme_tracker.metrics.overlaps import SAME_OBJECT_IOU, find_overlaps

_NAMELESS = "object"  # the class of truth whose file says none


class TruthDetector:
    """Finds the scored truth of the frame it watched last; a FrameWatcher of one sequence."""

    def __init__(self, sequence: TruthSequence) -> None:
        rows, names = sequence.rows[sequence.rows.scored], sequence.classes.names
        if (rows.class_id < 0).any():
            rows = replace(rows, class_id=np.where(rows.class_id < 0, len(names), rows.class_id))
            names = (*names, _NAMELESS)
        self.classes = ClassList(names)
        self._truth = RowsByFrame(rows)
        self._frame: Frame | None = None

    def watch(self, frame: Frame) -> None:
        self._frame = frame

    def forget(self) -> None:
        self._frame = None

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        """The truth whose centre lies in the picture: the watched frame, or a region of it."""
        if self._frame is None or (corner := corner_of(image, self._frame.image)) is None:
            raise ValueError("the truth is known of the watched frame only")
        rows = self._truth[self._frame.index]
        size = (image.shape[1], image.shape[0])
        xyxy = rows.xyxy - np.array(corner * 2, np.float32)
        centre = centres(xyxy)
        here = ((centre >= 0) & (centre < size)).all(axis=1)
        return Detections(clip(xyxy[here], size), rows.score[here], rows.class_id[here])


def with_ideal_ids(
    truth: TrackRows, result: TrackRows, ignore_above_px: float | None = None
) -> TrackRows:
    """The boxes of a result that count, each with the id of the truth that it overlaps most.

    One to one on every frame, those of IoU >= 0.5 first: they decide about switches. Boxes that
    overlap no truth become tracks of their own.
    """
    overlaps = find_overlaps(truth, result, ignore_above_px)
    pairs = overlaps.pairs
    track_id = len(overlaps.truth_length) + np.arange(len(overlaps.result))
    same = pairs[pairs.iou >= SAME_OBJECT_IOU]
    same = same[same.assign(same.iou)]
    rest = pairs[~np.isin(pairs.a, same.a) & ~np.isin(pairs.b, same.b)]
    for matched in (same, rest[rest.assign(rest.iou)]):
        track_id[matched.b] = overlaps.truth_track[matched.a]
    return replace(overlaps.result, track_id=track_id)
