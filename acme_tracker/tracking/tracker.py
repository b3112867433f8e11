"""The tracker: predict where every track is, then correct by what the detector saw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import areas, clip, coverage
from acme_tracker.config import AssociationSettings, LifecycleSettings
from acme_tracker.datatypes import (
    ClassList,
    Detections,
    Followed,
    Frame,
    Observation,
    TrackEvent,
    Tracks,
    TrackState,
)
from acme_tracker.interfaces import VisualTracker
from acme_tracker.tracking.association import Targets, distance_of, match
from acme_tracker.tracking.lifecycle import Rows, TrackTable
from acme_tracker.tracking.motion import BoxMotion

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

FOLLOW_NOISE = 0.1  # of the box's size: what a visual tracker says is half as sure as a detection
LEAST_INSIDE = 0.4  # share of a box in the picture below which, undetected, its object has left


class ObjectTracker:
    """Keeps the identities of one source's objects; implements `interfaces.Tracker`.

    A visual tracker follows the active tracks (tentative and confirmed); a motion filter knows the
    velocity of all, and alone carries the lost ones. Detections correct, they never discard.
    """

    def __init__(
        self,
        classes: ClassList,
        visual: VisualTracker,
        association: AssociationSettings,
        lifecycle: LifecycleSettings,
        unsure_below: float,
    ) -> None:
        self._table = TrackTable(len(classes))
        self._motion = BoxMotion()
        self._visual = visual
        self._distance = distance_of(association, classes)
        self._lifecycle = lifecycle
        self._unsure_below = unsure_below
        self._frame: Frame | None = None
        self._events: list[TrackEvent] = []

    def predict(self, frame: Frame) -> Tracks:
        """All tracks moved to a new frame."""
        if self._frame is not None:
            self._motion.predict(frame.time_s - self._frame.time_s)
        self._frame = frame
        self._table.rows["observed"] = False
        self._table.rows["xyxy"] = self._motion.xyxy
        self._follow(frame)
        self._lose((self._table.rows["state"] != TrackState.LOST) & self._has_left(frame), frame)
        rows = self._table.rows
        waited_s = frame.time_s - rows["detected_s"]
        lost = rows["state"] == TrackState.LOST
        self._forget(lost & (waited_s > self._lifecycle.lost_s), frame)
        return self._tracks(frame)

    def correct(self, frame: Frame, observation: Observation) -> Tracks:
        """All tracks after a look at the frame that was predicted last."""
        found = observation.detections
        width, height = frame.size
        found = found[areas(found.xyxy) <= self._lifecycle.max_area * width * height]
        state = self._table.rows["state"].copy()
        strong = found.score >= self._lifecycle.start_score
        # Known tracks choose first among the strong detections, then the weak ones may continue
        # a track (never begin one), then newcomers are seen again (ByteTrack, Zhang et al. 2022).
        known = np.flatnonzero(state != TrackState.TENTATIVE)
        known, free = self._assign(known, np.flatnonzero(strong), found, frame)
        active = known[state[known] == TrackState.CONFIRMED]
        self._assign(active, np.flatnonzero(~strong), found, frame)
        tentative = np.flatnonzero(state == TrackState.TENTATIVE)
        _, free = self._assign(tentative, free, found, frame)
        self._miss(observation, frame)
        self._start(found[free], frame)
        return self._tracks(frame)

    def take_events(self) -> tuple[TrackEvent, ...]:
        """What happened on this frame. Call once a frame, after its last `correct`."""
        events, self._events = self._events, []
        if self._frame is not None:
            events += self._table.remember_shown(self._frame)
        return tuple(events)

    def hide(self) -> None:
        """Lose every track: the picture shows something else. Some may be found again."""
        if self._frame is not None:
            self._lose(self._table.rows["state"] != TrackState.LOST, self._frame)

    def reset(self) -> None:
        """End every track; ids go on counting."""
        if self._frame is not None:
            self._forget(np.ones(len(self._table), bool), self._frame)

    # --- on every frame -------------------------------------------------------------------------

    def _follow(self, frame: Frame) -> None:
        """Take over what the visual tracker says of the active tracks."""
        followed = self._visual.update(frame)
        rows = self._table.rows
        where = np.searchsorted(rows["key"], followed.target_id)  # keys only grow
        rows["quality"][where] = followed.quality
        rows["confidence"][where] = self._latched(rows["confidence"][where], followed)
        seen, xyxy = where[followed.ok], followed.xyxy[followed.ok]
        rows["xyxy"][seen] = xyxy
        if self._visual.sees:
            self._motion.update(seen, xyxy, FOLLOW_NOISE)

    def _latched(self, before: Floats, followed: Followed) -> Floats:
        """Confidence (N,) now; one that was low stays low until a detection.

        A filter that lost its object learns the background, and its quality climbs back.
        """
        calibrate = self._visual.calibration
        now = followed.quality * np.nan if calibrate is None else calibrate(followed.quality)
        now = np.where(followed.ok, now, np.float32(0))
        return np.where(before < self._unsure_below, np.fmin(before, now), now)

    def _has_left(self, frame: Frame) -> Mask:
        """(N,) mostly outside the picture."""
        xyxy = self._table.rows["xyxy"]
        inside = areas(clip(xyxy, frame.size))
        return np.asarray(inside < LEAST_INSIDE * np.maximum(areas(xyxy), 1))

    def _tracks(self, frame: Frame) -> Tracks:
        return self._table.tracks(frame.size, self._motion.velocity)

    # --- on a look ------------------------------------------------------------------------------

    def _assign(
        self, tracks: Rows, free: Rows, found: Detections, frame: Frame
    ) -> tuple[Rows, Rows]:
        """Match some tracks with some detections and correct them; what is left of both."""
        targets = Targets(
            xyxy=self._table.rows["xyxy"][tracks],
            spread_px=np.sqrt(self._motion.variance[tracks, :2].max(axis=1)),
            class_shares=self._table.shares()[tracks],
        )
        matches = match(self._distance(targets, found[free]))
        self._observe(tracks[matches.targets], found[free[matches.detections]], frame)
        return tracks[matches.unmatched_targets], free[matches.unmatched_detections]

    def _observe(self, where: Rows, found: Detections, frame: Frame) -> None:
        """Correct tracks (K) by their detections (K)."""
        state = self._table.rows["state"]
        back = state[where] == TrackState.LOST
        keys = self._table.rows["key"][where]
        self._visual.start(frame, keys[back], found.xyxy[back])
        self._visual.refresh(frame, keys[~back], found.xyxy[~back])
        self._motion.update(where, found.xyxy)
        self._table.observe(where, found, frame)
        self._confirm(where)

    def _confirm(self, where: Rows) -> None:
        """Make known those of these tracks that were found again, or surely enough at once."""
        rows = self._table.rows[where]
        known = rows["state"] != TrackState.TENTATIVE
        often = rows["detections"] >= self._lifecycle.confirm_detections
        self._table.confirm(where[known | often | (rows["score"] >= self._lifecycle.confirm_score)])

    def _miss(self, observation: Observation, frame: Frame) -> None:
        """Lose the active tracks that were looked for and not found, except confident ones."""
        rows = self._table.rows
        missed = ~rows["observed"] & (rows["state"] != TrackState.LOST)
        if observation.regions is not None:
            missed &= coverage(rows["xyxy"], observation.regions).max(axis=1, initial=0) > 0.5
        waited_s = frame.time_s - rows["detected_s"]
        confident = rows["confidence"] >= self._unsure_below
        coasts = confident & (waited_s <= self._lifecycle.coast_s)
        self._lose(missed & ~(coasts & (rows["state"] == TrackState.CONFIRMED)), frame)

    def _start(self, found: Detections, frame: Frame) -> None:
        """Begin a track at each of these detections."""
        where = self._table.add(found, frame)
        self._motion.add(found.xyxy)
        self._visual.start(frame, self._table.rows["key"][where], found.xyxy)
        self._confirm(where)

    # --- comings and goings ---------------------------------------------------------------------

    def _lose(self, which: Mask, frame: Frame) -> None:
        """Hide known tracks (N,) and forget tentative ones."""
        rows = self._table.rows
        known = which & (rows["state"] == TrackState.CONFIRMED)
        self._visual.stop(rows["key"][known])
        rows["state"][known] = TrackState.LOST
        self._forget(which & (rows["state"] == TrackState.TENTATIVE), frame)

    def _forget(self, which: Mask, frame: Frame) -> None:
        """Take tracks (N,) out of every table."""
        rows = self._table.rows
        self._visual.stop(rows["key"][which & (rows["state"] != TrackState.LOST)])
        self._motion.remove(which)
        self._events += self._table.remove(which, frame)
