"""When must the detector look again? A pure policy: times and tracks in, a decision out."""

from __future__ import annotations

import numpy as np

from acme_tracker.config import RedetectionSettings
from acme_tracker.datatypes import Boxes, Frame, Look, LookReason, Luma, Tracks, TrackState
from acme_tracker.tracking.movement import EntryZones, Movement

NOWHERE = np.empty((0, 4), np.float32)


class RedetectionPolicy:
    """Decides on each frame whether to detect, and says why.

    With `every_frames` it is a fixed cadence. Without, it looks on a scene cut, as soon as the
    confidence of a confirmed track is low, when a newcomer waits for its second detection, when
    something moves outside every track (the sooner, the oftener looks there found an object), and
    at the latest every `max_gap_s`; while nothing is tracked and nothing moves, every
    `still_gap_s`. The tracker latches a low confidence until the next look, so that a look put off
    by `min_gap_s` is not forgotten.

    Looks are at whole frames. Looks at regions around what asks for them were tried twice. Regions
    of 320x192 and 448x256 for the 864x480 of person-vehicle-bike-2003 (a fifth and a third of its
    cost) lost 4 to 6 points of HOTA at 30 frames/s against whole frames of equal cost, and gained
    nothing at 5 to 10. Our own network on 160x96 and 320x192 around low confidence and newcomers
    (.3 and .8 of 3.1 CPU-ms) saved a sixth of the detector's work on the toll road (.29 frames and
    .25 regions looked at instead of .47 frames) for half a point; on the rendered clips it was as
    good for as much. They refresh nobody else, and miss what they cut.
    """

    def __init__(self, settings: RedetectionSettings) -> None:
        self._settings = settings
        self._movement = Movement()
        self._zones = EntryZones()
        self._looked_s: float | None = None
        self._looked_at: Boxes = NOWHERE  # what moved when the detector looked last
        self._cut = False
        self._still = True  # nothing was tracked and nothing moved since then

    def scene_cut(self) -> None:
        """The scene is another one: the next decision is to look."""
        self._cut = True
        self._zones = EntryZones()
        self._looked_at = NOWHERE

    def decide(self, frame: Frame, tracks: Tracks) -> Look | None:
        """The look that this frame needs, if any; it counts as taken."""
        if self._settings.every_frames is not None:
            return self._by_cadence(frame, self._settings.every_frames)
        self._movement.watch(frame)
        active = tracks[tracks.state != TrackState.LOST]
        self._zones.learn(self._looked_at, active.xyxy, frame.size)
        self._looked_at = NOWHERE
        # What moves counts for nothing before this; not to ask saves a tenth of all tracking.
        ripe = self._looked_s is None or frame.time_s - self._looked_s >= self._patience_s(active)
        asked = ripe or not len(active)
        moving = self._movement.outside(active.xyxy) if asked else NOWHERE
        self._still &= not len(active) and not len(moving)
        reason = self._reason(frame, active, moving)
        if reason is None:
            return None
        self._looked_s, self._cut, self._still = frame.time_s, False, True
        self._looked_at = moving if asked else self._movement.outside(active.xyxy)
        return Look(reason)

    def _patience_s(self, active: Tracks) -> float:
        """How soon after a look something that moves outside every track may ask for the next."""
        return self._settings.movement_gap_s if len(active) else self._settings.idle_gap_s

    def _by_cadence(self, frame: Frame, every: int) -> Look | None:
        reason = LookReason.EVERY_FRAME if every == 1 else LookReason.CADENCE
        return Look(reason) if frame.index % every == 0 else None

    def _reason(self, frame: Frame, active: Tracks, moving: Boxes) -> LookReason | None:
        """The first reason to look at a frame."""
        if self._cut:
            return LookReason.SCENE_CUT
        if self._looked_s is None:
            return LookReason.NOTHING_TRACKED
        wanted, gap_s = self._settings, frame.time_s - self._looked_s
        unsure = (active.confirmed.confidence < wanted.confidence_below).any()  # NaN is not unsure
        tentative = (active.state == TrackState.TENTATIVE).any()
        worth = self._zones.worth(moving, frame.size)
        entering = (gap_s * worth >= self._patience_s(active)).any()
        longest_s = wanted.still_gap_s if self._still else wanted.max_gap_s
        reasons = (
            (LookReason.LOW_CONFIDENCE, unsure and gap_s >= wanted.min_gap_s),
            (LookReason.NEWCOMER, tentative and gap_s >= wanted.idle_gap_s),
            (LookReason.MOVEMENT, entering),
            (LookReason.MAX_GAP, gap_s >= longest_s),
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

        grid = cv2.resize(frame.small, self.GRID, interpolation=cv2.INTER_AREA)
        last, self._last = self._last, np.asarray(grid, np.uint8)
        if last is None:
            return False
        return _correlation(last.astype(np.float32), grid.astype(np.float32)) < self.LIKENESS


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of two pictures; flat pictures are alike."""
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return 1.0 if spread < a.size else float((a * b).sum()) / spread
