"""How well a visual tracker follows, alone: started on truth boxes, without any help after that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import SourceSettings
from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datasets.frames import pictures_by_frame
from acme_tracker.datatypes import Floats, Followed, TrackRows
from acme_tracker.errors import DatasetError
from acme_tracker.evaluation.frames import RowsByFrame, batches, check_names, open_frames
from acme_tracker.frames import Frame
from acme_tracker.interfaces import VisualTracker
from acme_tracker.metrics.confidence import Reliability, auroc, reliability
from acme_tracker.metrics.overlaps import SAME_OBJECT_IOU, paired_iou
from acme_tracker.tables import Table

HORIZONS = (15, 30, 60)
STARTS = 10  # a sequence
_VISIBLE = 0.5  # truth that shows less of itself is neither started on nor judged

_WHOLE = SourceSettings()

MakeTracker = Callable[[], VisualTracker]


@dataclass(frozen=True, eq=False)
class FollowedBoxes(Table):
    """Boxes of a visual tracker whose truth is known: one row a target a frame.

    Attributes:
        step: (N,) frames since the target's start, from 1.
        iou: (N,) float32, with the truth; of the last good box where the target was given up.
        ok: (N,) bool, False where the target was given up.
        quality: (N,) float32, the engine's raw score, NaN where it has none.
        confidence: (N,) float32, 0 where the target was given up; NaN without calibration.
    """

    step: NDArray[np.int64]
    iou: Floats
    ok: NDArray[np.bool_]
    quality: Floats
    confidence: Floats

    def __post_init__(self) -> None:
        count = self._check("step", np.int64)
        self._check("iou", np.float32, like=count)
        self._check("ok", np.bool_, like=count)
        self._check("quality", np.float32, like=count)
        self._check("confidence", np.float32, like=count)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the box overlaps its object by IoU >= 0.5: what confidence is about."""
        return np.asarray(self.iou >= SAME_OBJECT_IOU, np.bool_)


_NOTHING = FollowedBoxes(*(np.empty(0) for _ in range(5)))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Following:
    """How a visual tracker followed on one sequence, or on all.

    Attributes:
        targets: boxes that it was started on.
        updates: frames on which it was asked, of all starts.
        objects: targets followed, summed over the updates.
        cpu_s: processor time of the updates; starting is not in it.
    """

    boxes: FollowedBoxes = _NOTHING
    targets: int = 0
    updates: int = 0
    objects: int = 0
    cpu_s: float = 0.0

    def __add__(self, other: Following) -> Following:
        return Following(
            FollowedBoxes.concatenate([self.boxes, other.boxes]),
            self.targets + other.targets,
            self.updates + other.updates,
            self.objects + other.objects,
            self.cpu_s + other.cpu_s,
        )

    def figures(self, horizons: Sequence[int] = HORIZONS) -> dict[str, float | int]:
        """Means of IoU, and percent from 0.5 on, over the first frames of each horizon.

        Boxes of targets given up count as 0. NaN where there is nothing to count.
        """
        boxes = self.boxes
        iou = np.where(boxes.ok, boxes.iou, 0)
        told: dict[str, float | int] = {}
        for name, values in (("iou", iou), ("over", 100 * (iou >= SAME_OBJECT_IOU))):
            told |= {f"{name}_{h}": _mean(values[boxes.step <= h]) for h in horizons}
        rated = np.isfinite(boxes.quality)
        return {
            **told,
            "AUROC": auroc(boxes.quality[rated], boxes.right[rated]),
            "ECE": self.reliability.error,
            "targets": self.targets,
            "objects_per_frame": self.objects / max(1, self.updates),
            "cpu_ms_per_frame": 1000 * self.cpu_s / max(1, self.updates),
        }

    @property
    def reliability(self) -> Reliability:
        """Confidence beside the share of boxes that were right; no bins without calibration."""
        known = np.isfinite(self.boxes.confidence)
        return reliability(self.boxes.confidence[known], self.boxes.right[known])


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def evaluate_following(
    sequences: Sequence[TruthSequence],
    trackers: Sequence[MakeTracker],
    horizon: int,
    source: SourceSettings = _WHOLE,
    starts: int = STARTS,
    advance: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Following]]:
    """Start every visual tracker on truth boxes, again and again, and see how far it follows.

    Args:
        sequences: with a video or pictures each.
        trackers: make a tracker that follows nothing yet.
        horizon: frames to follow from each start; a target's truth may end before.
        source: which part of the videos to read.
        starts: so many frames of each sequence, evenly spread.
        advance: told how many frames were done, to show progress.

    Returns:
        For each tracker, how it did on each sequence, by name.

    Raises:
        DatasetError: a sequence has no pictures, or there is nothing to start on.
        SourceError: a video cannot be read.
    """
    check_names(sequences)
    told: list[dict[str, Following]] = [{} for _ in trackers]
    for sequence in sequences:
        frames = spread_starts(sequence, horizon, starts)
        one = follow_sequence(sequence, trackers, frames, horizon, source, advance)
        for by_name, following in zip(told, one, strict=True):
            by_name[sequence.name] = following
    if not any(following.targets for by_name in told for following in by_name.values()):
        raise DatasetError("the sequences hold no scored and visible box to start on")
    return told


def spread_starts(sequence: TruthSequence, horizon: int, count: int) -> list[int]:
    """Up to `count` frames with boxes, evenly spread, the last well before the truth's end.

    Frames that the pictures leave out are none to start on.
    """
    frames = np.unique(_judged(sequence).frame_index)
    if shown := list(pictures_by_frame(sequence)):
        frames = frames[np.isin(frames, shown)]
    early = frames[frames <= frames[-1] - horizon] if len(frames) else frames
    frames = early if len(early) else frames[:1]
    chosen = np.linspace(0, max(0, len(frames) - 1), min(count, len(frames))).round().astype(int)
    return [int(frame) for frame in frames[chosen]]


def follow_sequence(
    sequence: TruthSequence,
    trackers: Sequence[MakeTracker],
    starts: Iterable[int],
    horizon: int,
    source: SourceSettings = _WHOLE,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Following]:
    """How each tracker follows the boxes of these frames; reads the video once.

    Raises as `evaluate_following` does.
    """
    truth = _Truth(_judged(sequence))
    lanes = [_Lane(make, truth, horizon) for make in trackers]
    wanted = set(starts)
    last = max(wanted, default=-1) + horizon
    with open_frames(sequence, source) as frames:
        for batch in batches(frames):
            for lane in lanes:
                for frame in batch:
                    lane.step(frame, frame.index in wanted)
            advance(len(batch))
            if batch[-1].index >= last:
                break
    return [lane.following() for lane in lanes]


def _judged(sequence: TruthSequence) -> TrackRows:
    rows = sequence.rows
    return rows[rows.scored & (rows.visibility >= _VISIBLE)]


class _Truth:
    """The truth by frame, and where every track ends."""

    def __init__(self, rows: TrackRows) -> None:
        self.on = RowsByFrame(rows)
        order = np.lexsort((rows.frame_index, rows.track_id))
        ids, frames = rows.track_id[order], rows.frame_index[order]
        last = np.diff(ids, append=ids[-1:] + 1) != 0
        self._ids, self._ends = ids[last], frames[last]

    def ended(self, track_id: NDArray[np.int64], frame_index: int) -> NDArray[np.bool_]:
        """(N,) whether there is no truth of these tracks from this frame on."""
        ends = self._ends[np.searchsorted(self._ids, track_id)]
        return np.asarray(ends < frame_index, np.bool_)


class _Lane:
    """One kind of tracker on one sequence: a fresh one from every start on, as far as it goes."""

    def __init__(self, make: MakeTracker, truth: _Truth, horizon: int) -> None:
        self._make, self._truth, self._horizon = make, truth, horizon
        self._active: list[_Follower] = []
        self._done = Following()

    def step(self, frame: Frame, start: bool) -> None:
        for follower in self._active:
            follower.follow(frame)
        still = [f for f in self._active if len(f.ids) and frame.index < f.first + self._horizon]
        self._finish([f for f in self._active if f not in still])
        self._active = still
        if start:
            self._active.append(_Follower(self._make(), frame, self._truth))

    def following(self) -> Following:
        self._finish(self._active)
        self._active = []
        return self._done

    def _finish(self, followers: Iterable[_Follower]) -> None:
        for follower in followers:
            self._done += follower.done()


class _Follower:
    """A tracker from its start on."""

    def __init__(self, tracker: VisualTracker, frame: Frame, truth: _Truth) -> None:
        self._tracker, self._truth = tracker, truth
        here = truth.on[frame.index]
        tracker.start(frame, here.track_id, here.xyxy)
        self.first = frame.index
        self.ids = here.track_id
        self._targets = len(here)
        self._updates, self._objects, self._cpu_s = 0, 0, 0.0
        self._boxes = [_NOTHING]

    def follow(self, frame: Frame) -> None:
        ended = self._truth.ended(self.ids, frame.index)
        self._tracker.stop(self.ids[ended])
        self.ids = self.ids[~ended]
        if not len(self.ids):
            return
        start = process_time()
        followed = self._tracker.update(frame)
        self._cpu_s += process_time() - start
        self._updates += 1
        self._objects += len(self.ids)
        self._boxes.append(self._judge(followed, frame.index))

    def _judge(self, followed: Followed, frame_index: int) -> FollowedBoxes:
        now = self._truth.on[frame_index]
        _, here, there = np.intersect1d(followed.target_id, now.track_id, return_indices=True)
        known = followed[here]
        calibrate = self._tracker.calibration
        confidence = known.quality * np.nan
        if calibrate is not None:
            confidence = np.where(known.ok, calibrate(known.quality), 0)
        return FollowedBoxes(
            step=np.full(len(here), frame_index - self.first),
            iou=paired_iou(known.xyxy, now.xyxy[there]).astype(np.float32),
            ok=known.ok,
            quality=known.quality,
            confidence=confidence.astype(np.float32),
        )

    def done(self) -> Following:
        boxes = FollowedBoxes.concatenate(self._boxes)
        return Following(boxes, self._targets, self._updates, self._objects, self._cpu_s)
