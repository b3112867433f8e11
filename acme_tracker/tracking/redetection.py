"""When must the detector look again? A pure policy: times and tracks in, a decision out."""

from __future__ import annotations

import numpy as np

from acme_tracker.config import RedetectionSettings
from acme_tracker.datatypes import Frame, Look, LookReason, Luma, Tracks, TrackState


class RedetectionPolicy:
    """Decides on each frame whether to detect, and says why.

    With `every_frames` it is a fixed cadence. Without, it looks on a scene cut, as soon as the
    confidence of a confirmed track is low, at the latest every `max_gap_s`, and every `idle_gap_s`
    while nothing is tracked or a newcomer waits for its second detection. The tracker latches a low
    confidence until the next look, so that a look put off by `min_gap_s` is not forgotten.
    """

    def __init__(self, settings: RedetectionSettings) -> None:
        self._settings = settings
        self._looked_s: float | None = None
        self._cut = False

    def scene_cut(self) -> None:
        """The scene is another one: the next decision is to look."""
        self._cut = True

    def decide(self, frame: Frame, tracks: Tracks) -> Look | None:
        """The look that this frame needs, if any; it counts as taken."""
        reason = self._reason(frame, tracks)
        if reason is None:
            return None
        self._looked_s, self._cut = frame.time_s, False
        return Look(reason)

    def _reason(self, frame: Frame, tracks: Tracks) -> LookReason | None:
        wanted = self._settings
        if wanted.every_frames is not None:
            due = frame.index % wanted.every_frames == 0
            reason = LookReason.EVERY_FRAME if wanted.every_frames == 1 else LookReason.CADENCE
            return reason if due else None
        if self._cut:
            return LookReason.SCENE_CUT
        if self._looked_s is None:
            return LookReason.NOTHING_TRACKED
        return self._reason_of_tracks(tracks, frame.time_s - self._looked_s)

    def _reason_of_tracks(self, tracks: Tracks, gap_s: float) -> LookReason | None:
        """The first reason to look again `gap_s` after the last look."""
        wanted, confirmed = self._settings, tracks.confirmed
        unsure = (confirmed.confidence < wanted.confidence_below).any()  # NaN is not unsure
        tentative = (tracks.state == TrackState.TENTATIVE).any()
        reasons = (
            (LookReason.LOW_CONFIDENCE, unsure and gap_s >= wanted.min_gap_s),
            (LookReason.NEWCOMER, tentative and gap_s >= wanted.idle_gap_s),
            (LookReason.NOTHING_TRACKED, len(confirmed) == 0 and gap_s >= wanted.idle_gap_s),
            (LookReason.MAX_GAP, gap_s >= wanted.max_gap_s),
        )
        return next((reason for reason, holds in reasons if holds), None)


class SceneCuts:
    """Sees a cut: most of the picture changes from one frame to the next.

    Compares a coarse grid of mean-free brightness, so that a change of light alone is no cut.
    """

    GRID = (32, 18)
    LIKENESS = 0.4  # correlation with the frame before: 0.9 and more in traffic, near 0 over a cut

    def __init__(self) -> None:
        self._last: Luma | None = None

    def watch(self, frame: Frame) -> bool:
        """Whether this frame shows another scene than the one before."""
        import cv2

        # Every fourth pixel is enough for cells of hundreds, and saves reading the rest.
        grid = cv2.resize(frame.luma[::4, ::4], self.GRID, interpolation=cv2.INTER_AREA)
        last, self._last = self._last, np.asarray(grid, np.uint8)
        if last is None:
            return False
        return _correlation(last.astype(np.float32), grid.astype(np.float32)) < self.LIKENESS


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of two pictures; flat pictures are alike."""
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return 1.0 if spread < a.size else float((a * b).sum()) / spread
