"""When must the detector look again? A pure policy: times and tracks in, a decision out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import areas
from acme_tracker.config import RedetectionSettings
from acme_tracker.datatypes import Boxes, Look, LookReason, Tracks, TrackState
from acme_tracker.frames import Frame
from acme_tracker.tracking.movement import EntryZones, Movement

NOWHERE = np.empty((0, 4), np.float32)
MOVING = 0.2  # of its size in a second: a track that does not stand
ROUNDING_S = 1e-3  # by which a frame may come too early for a gap that is a multiple of frames


class RedetectionPolicy:
    """Decides on each frame whether to detect, and says why.

    With `every_frames` it is a fixed cadence. Without, it looks on a scene cut, when the confidence
    of a confirmed track is low (the lower, the sooner after the last look), every `idle_gap_s`
    while a newcomer waits for its second detection, every `movement_gap_s` while a track moves or
    something outside every track (the sooner, the oftener looks there found an object), and at the
    latest every `max_gap_s`; while nothing is tracked and nothing moves, every `still_gap_s`. The
    tracker latches a low confidence until the next look, so that one put off is not forgotten.

    Where there is traffic, newcomers and drift come all the time: looks at even distances find more
    than as many in clusters, and to see what moves outside the tracks adds nothing to them. Tracks
    that fade on their way out of the picture, half of all low confidence, ask for nothing: the
    tracker has lost them.

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
        self._cadence = None if settings.every_frames is None else Cadence(settings.every_frames)
        self._movement = Movement()
        self._zones = EntryZones()
        self._looked_s: float | None = None
        self._moves: Boxes = NOWHERE  # outside every track, on this frame, if it was asked
        self._looked_at: Boxes = NOWHERE  # the same, of the last frame if the detector looked
        self._cut = False
        self._still = True  # nothing was tracked and nothing moved since then

    def scene_cut(self) -> None:
        """The scene is another one: the next decision is to look, unless the cadence is fixed."""
        self._cut = True
        self._zones = EntryZones()
        self._looked_at = NOWHERE

    def watch(self, frame: Frame) -> None:
        """Call on every frame, whether it is to be decided about or not."""
        if self._cadence is None:
            self._movement.watch(frame)

    def decide(self, frame: Frame, tracks: Tracks) -> Look | None:
        """The look that this frame needs, if any; it counts as taken."""
        if self._cadence is not None:
            return self._cadence.look(frame)
        active = tracks.xyxy[tracks.state != TrackState.LOST]
        self._zones.learn(self._looked_at, active, frame.size)
        self._moves = NOWHERE
        self._still &= not len(active)
        reason = self._reason(frame, tracks, active)
        self._looked_at = NOWHERE if reason is None else self._moves
        if reason is None:
            return None
        self._looked_s, self._cut, self._still = frame.time_s, False, True
        return Look(reason)

    def _reason(self, frame: Frame, tracks: Tracks, active: Boxes) -> LookReason | None:
        """The first reason to look at a frame; what takes longest to see is asked last."""
        if self._cut:
            return LookReason.SCENE_CUT
        if self._looked_s is None:
            return LookReason.FIRST_FRAME
        wanted, gap_s = self._settings, frame.time_s - self._looked_s + ROUNDING_S
        if gap_s >= wanted.min_gap_s and _unsure(tracks, wanted, gap_s):
            return LookReason.LOW_CONFIDENCE
        if gap_s >= wanted.idle_gap_s and (tracks.state == TrackState.TENTATIVE).any():
            return LookReason.NEWCOMER
        if self._sees_movement(frame, tracks, active, gap_s):
            return LookReason.MOVEMENT
        longest_s = wanted.still_gap_s if self._still else wanted.max_gap_s
        return LookReason.MAX_GAP if gap_s >= longest_s else None

    def _sees_movement(self, frame: Frame, tracks: Tracks, active: Boxes, gap_s: float) -> bool:
        """Whether it is time to look because a track moves, or something outside every track."""
        patience_s = self._settings.movement_gap_s if len(active) else self._settings.idle_gap_s
        if len(active) and gap_s < patience_s:
            return False
        if _moving(tracks):
            return True
        self._moves = self._movement.outside(active)
        self._still &= not len(self._moves)
        return bool((gap_s * self._zones.worth(self._moves, frame.size) >= patience_s).any())


class Cadence:
    """Every n-th frame of a source, by its index; where one is missing, the next that comes.

    Frames are missing where they are damaged, dropped by a camera, or before the start.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._last: int | None = None

    def look(self, frame: Frame) -> Look | None:
        """The look at a frame that is due; it counts as taken. Call in the frames' order."""
        number = frame.index // self._every
        if number == self._last:
            return None
        self._last = number
        return Look(LookReason.EVERY_FRAME if self._every == 1 else LookReason.CADENCE)


def _unsure(tracks: Tracks, wanted: RedetectionSettings, gap_s: float) -> bool:
    """Whether a known track may be wrong: the surer it is, the later after a look it counts."""
    confidence, below = tracks.confidence, wanted.confidence_below
    unsure = (confidence < below) & (tracks.state == TrackState.CONFIRMED)  # NaN is not
    return bool((unsure & (gap_s * below >= wanted.idle_gap_s * confidence)).any())


def _moving(tracks: Tracks) -> bool:
    """Whether a track that is followed moves."""
    speed = np.abs(tracks.velocity).max(axis=1) / np.sqrt(np.maximum(areas(tracks.xyxy), 1))
    return bool((speed[tracks.state != TrackState.LOST] > MOVING).any())


class SceneCuts:
    """Sees a cut: most of the picture changes from one frame to the next, or its size does.

    Compares a coarse grid of mean-free brightness, so that a change of light alone is no cut. A
    picture of nothing (a covered or broken camera, a fade) is another scene than one of something.
    """

    GRID = (32, 18)
    LIKENESS = 0.4  # correlation with the frame before: 0.9 and more in traffic, near 0 over a cut
    FLAT, PLAIN = 1.0, 4.0  # grey levels, standard deviation: below nothing, above something

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._size = (0, 0)

    def watch(self, frame: Frame) -> bool:
        """Whether this frame shows another scene than the one before."""
        import cv2

        grid = cv2.resize(frame.small, self.GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, np.asarray(grid - grid.mean(), np.float32)
        size, self._size = self._size, frame.size
        return last is not None and (size != frame.size or self._differ(last, self._last))

    def _differ(self, before: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
        spreads = before.std(), now.std()
        if min(spreads) < self.FLAT:
            return bool(max(spreads) > self.PLAIN)
        return bool((before * now).mean() < self.LIKENESS * spreads[0] * spreads[1])
