"""The tracker: predict where every track is, then correct by what the detector saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acme_tracker.boxes import areas, centres, clip, coverage, iou
from acme_tracker.config import AssociationSettings, LifecycleSettings
from acme_tracker.datatypes import (
    Boxes,
    ClassList,
    Detections,
    Floats,
    Followed,
    Observation,
    TrackEvent,
    Tracks,
    TrackState,
)
from acme_tracker.frames import Frame
from acme_tracker.interfaces import VisualTracker
from acme_tracker.tracking.appearance import likeness, looks
from acme_tracker.tracking.association import Matches, Targets, distance_of, match
from acme_tracker.tracking.fusion import (
    HIDDEN,
    Mask,
    detection_variance,
    doubtfulness,
    drift_variance,
    fuse,
    grow_in,
    has_left,
    hidden_share,
    lead,
    leaving,
    sight,
)
from acme_tracker.tracking.lifecycle import Rows, TrackTable
from acme_tracker.tracking.motion import BoxMotion
from acme_tracker.tracking.pace import Pace

FOLLOW_NOISE = 0.1  # of the box's size: a sure visual tracker is half as sure as a detection
SAME_OBJECT = 0.6  # IoU with a track from which a detection left over is its object once more
MATCHED_IN_TURN = (TrackState.CONFIRMED, TrackState.LOST, TrackState.TENTATIVE)
NOBODY = np.empty(0, np.intp)
WANDERS_S = 2.0  # a lost track reaches ever farther for so long ...
SETTLED_SPREAD = 0.6  # ... then as far as if its place were known so well, in sizes of its box
LEAST_ALIKE = 0.4  # of a lost track's look and a detection's: 95 % of true pairs, 60 % of others


class ObjectTracker:
    """Keeps the identities of one source's objects; implements `interfaces.Tracker`.

    A visual tracker follows the active tracks (tentative and confirmed); a motion filter knows the
    velocity of all, and alone carries the lost ones; all of them, from one time that the visual
    tracker is asked to the next (pace.py). A detection is fused with where its track was expected:
    both count by their variances.
    """

    def __init__(
        self,
        classes: ClassList,
        visual: VisualTracker,
        association: AssociationSettings,
        lifecycle: LifecycleSettings,
        unsure_below: float,
        follow_gap_s: float = 0.0,
    ) -> None:
        self._table = TrackTable(len(classes))
        self._motion = BoxMotion()
        self._visual = visual
        self._distance = distance_of(association, classes)
        self._lifecycle = lifecycle
        self._unsure_below = unsure_below
        self._pace = Pace(follow_gap_s if visual.sees else 0.0)  # motion alone costs nothing
        self._frame: Frame | None = None
        self._followed: Frame | None = None  # the last one that the visual tracker was asked about
        self._events: list[TrackEvent] = []

    def predict(self, frame: Frame) -> Tracks:
        """All tracks moved to a new frame."""
        passed_s = 0.0 if self._frame is None else frame.time_s - self._frame.time_s
        before = self._motion.xyxy
        self._motion.predict(passed_s)
        self._frame = frame
        self._table.rows["observed"] = False
        if self._pace.is_due(passed_s):
            self._follow(frame)
        else:
            self._carry(frame, before)
        active = self._table.rows["state"] != TrackState.LOST
        self._lose(active & self._gone(frame), frame)
        rows = self._table.rows
        waited_s = frame.time_s - rows["detected_s"]
        lost = rows["state"] == TrackState.LOST
        self._forget(lost & (waited_s > self._lifecycle.lost_s), frame)
        return self._tracks(frame)

    def correct(self, frame: Frame, observation: Observation) -> Tracks:
        """All tracks after a look at the frame that was predicted last."""
        if self._followed is not frame:
            self._follow(frame)
        self._pace.look()
        found = self._possible(observation.detections, frame)
        rows = self._table.rows
        state = rows["state"].copy()
        # Who was lost on this very frame is matched as if still shown.
        just_lost = (state == TrackState.LOST) & (rows["lost_frame"] == frame.index)
        state[just_lost] = TrackState.CONFIRMED
        is_strong = found.score >= self._lifecycle.start_score
        strong, weak = np.flatnonzero(is_strong), np.flatnonzero(~is_strong)
        shown, lost, tentative = (np.flatnonzero(state == kind) for kind in MATCHED_IN_TURN)
        # Shown tracks choose first among the strong detections, then the weak ones may continue
        # them (never begin one; ByteTrack, Zhang et al. 2022). Of the strong ones left over, lost
        # tracks are found again: they reach far, and would take others' if they chose first.
        first = self._match(shown, strong, found, frame)
        second = self._match(first.unmatched_targets, weak, found, frame)
        third = self._match(lost, first.unmatched_detections, found, frame, lost=True)
        fourth = self._match(tentative, third.unmatched_detections, found, frame)
        rounds = (first, second, third, fourth)
        matched = np.concatenate([matches.targets for matches in rounds])
        seen = np.concatenate([matches.detections for matches in rounds])
        self._observe(matched, found[seen], frame)
        self._miss(observation, frame)
        self._start(found[fourth.unmatched_detections], frame)
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

    def _carry(self, frame: Frame, before: Boxes) -> None:
        """Move active tracks as their motion did, which was at `before` (N, 4), lost ones to it."""
        rows, now = self._table.rows, self._motion.xyxy
        active = (rows["state"] != TrackState.LOST)[:, None]
        carried = grow_in(rows["xyxy"] + (now - before), rows["cut"], frame.size)
        moved = np.where(active, carried, now)
        variance = np.where(active, rows["variance"], self._motion.variance)
        self._table.place(slice(None), moved, variance)

    def _follow(self, frame: Frame) -> None:
        """Ask the visual tracker where the active tracks are, and how sure it is of each."""
        self._followed, passed_s = frame, self._pace.follow()
        followed = self._visual.update(frame)
        rows = self._table.rows
        where = np.searchsorted(rows["key"], followed.target_id)  # keys only grow
        found = followed.ok & self._visual.sees
        hidden = self._hidden_shares(where[found], followed.xyxy[found])
        expected, covered = hidden[:, where]
        before = rows["confidence"][where]
        confidence = self._latched(before, followed)
        # Unsure of a hidden track, it sees the object in front: that one goes on by its motion.
        behind = (covered > HIDDEN) & (confidence < self._unsure_below)
        rows["quality"][where] = followed.quality
        rows["confidence"][where] = np.where(behind, before, confidence)
        believed = found & ~behind
        doubt = doubtfulness(rows["confidence"][where], sight(expected, covered))
        self._move(frame, passed_s, where[believed], followed.xyxy[believed], doubt[believed])

    def _move(
        self, frame: Frame, passed_s: float, where: Rows, followed: Boxes, doubt: Floats
    ) -> None:
        """Move tracks (K) to where they were followed (K, 4), all others to where they must be now.

        The visual tracker was set on the track's box, so that it only adds its drift to that box's
        variance.
        """
        rows = self._table.rows
        moved, variance = self._motion.xyxy, self._motion.variance
        off = np.abs(centres(followed) - centres(moved[where])).max(axis=1)
        self._pace.note(off / np.sqrt(np.maximum(areas(followed), 1)))
        drift = drift_variance(followed, doubt, passed_s)
        led, gained = lead(moved[where], variance[where], followed, drift)
        led = grow_in(led, rows["cut"][where], frame.size)
        self._motion.update(where, followed, FOLLOW_NOISE * doubt)
        moved[where], variance[where] = led, rows["variance"][where] + gained
        self._table.place(slice(None), moved, variance)

    def _gone(self, frame: Frame) -> Mask:
        """(N,) who is out of the picture, or on the way out and cannot be followed any longer."""
        rows = self._table.rows
        unsure = rows["confidence"] < self._unsure_below
        fades = unsure & leaving(rows["xyxy"], self._motion.velocity, frame.size)
        return has_left(rows["xyxy"], frame.size) | fades

    def _hidden_shares(self, where: Rows, followed: Boxes) -> Floats:
        """(2, N) hidden by an active track: where all must be now, and with some rows followed."""
        moved = self._motion.xyxy
        seen = moved.copy()
        seen[where] = followed
        active = self._table.rows["state"] != TrackState.LOST
        return np.stack([hidden_share(everyone, active) for everyone in (moved, seen)])

    def _latched(self, before: Floats, followed: Followed) -> Floats:
        """Confidence (N,) now; one that was low stays low until a detection.

        A filter that lost its object learns the background, and its quality climbs back.
        """
        calibrate = self._visual.calibration
        now = followed.quality * np.nan if calibrate is None else calibrate(followed.quality)
        now = np.where(followed.ok, now, np.float32(0))
        return np.where(before < self._unsure_below, np.fmin(before, now), now)

    def _tracks(self, frame: Frame) -> Tracks:
        return self._table.tracks(frame.size, self._motion.velocity)

    # --- on a look ------------------------------------------------------------------------------

    def _possible(self, found: Detections, frame: Frame) -> Detections:
        """Those that show something, but not nearly the whole picture; cut to it."""
        width, height = frame.size
        xyxy = clip(found.xyxy, frame.size)
        area = areas(xyxy)  # NaN where the detector gives that
        possible = (area > 0) & (area <= self._lifecycle.max_area * width * height)
        return replace(found, xyxy=xyxy)[possible]

    def _match(
        self, tracks: Rows, free: Rows, found: Detections, frame: Frame, lost: bool = False
    ) -> Matches:
        """Which of some tracks (rows) is which of some detections, and what is left of both.

        Lost tracks must look alike too. For the others, place and motion say it all: with looks,
        sizes or overlap in their distances, 134 to 136 of 28,900 pairs were wrong, without 135.
        """
        if not len(tracks) or not len(free):
            return Matches(NOBODY, NOBODY, tracks, free)
        rows = self._table.rows[tracks]
        spread_px = np.sqrt(self._motion.variance[tracks, :2].max(axis=1))
        if lost:
            settled = frame.time_s - rows["detected_s"] > WANDERS_S
            most_px = np.where(settled, SETTLED_SPREAD * np.sqrt(areas(rows["xyxy"])), np.inf)
            spread_px = np.minimum(spread_px, most_px)
        targets = Targets(rows["xyxy"], spread_px, self._table.shares()[tracks])
        cost = self._distance(targets, found[free])
        if lost:
            alike = likeness(rows["look"], looks(frame.image, found.xyxy[free]))
            cost = np.where(alike < LEAST_ALIKE, np.inf, cost)
        return match(cost).of(tracks, free)

    def _observe(self, where: Rows, found: Detections, frame: Frame) -> None:
        """Correct tracks (K) by their detections (K)."""
        if not len(where):
            return
        rows = self._table.rows[where]
        back, keys = rows["state"] == TrackState.LOST, rows["key"]
        fused, variance = fuse(rows["xyxy"], rows["variance"], found, frame.size)
        # Motion alone takes detections for measurements and fuses by itself.
        seen = fused if self._visual.sees else found.xyxy
        self._visual.start(frame, keys[back], seen[back])
        self._visual.refresh(frame, keys[~back], seen[~back])
        self._motion.update(where, found.xyxy)
        self._table.place(where, fused, variance)
        self._table.observe(where, found, frame)
        self._confirm(where)

    def _confirm(self, where: Rows) -> None:
        """Make known those of these tracks that were found again, or surely enough at once."""
        rows = self._table.rows[where]
        known = rows["state"] != TrackState.TENTATIVE
        often = rows["detections"] >= self._lifecycle.confirm_detections
        self._table.confirm(where[known | often | (rows["score"] >= self._lifecycle.confirm_score)])

    def _miss(self, observation: Observation, frame: Frame) -> None:
        """Lose the active tracks that were looked for and not found, except those that coast.

        A track coasts that was once detected well, that the visual tracker is sure of, and that no
        nearer object hides.
        """
        rows = self._table.rows
        missed = ~rows["observed"] & (rows["state"] != TrackState.LOST)
        if observation.regions is not None:
            missed &= coverage(rows["xyxy"], observation.regions).max(axis=1, initial=0) > 0.5
        rows["missed_s"][missed] = np.fmin(rows["missed_s"][missed], frame.time_s)
        known = rows["state"] == TrackState.CONFIRMED
        sure = rows["confidence"] >= self._unsure_below
        real = rows["best_score"] >= self._lifecycle.confirm_score
        recent = frame.time_s - rows["missed_s"] < self._lifecycle.coast_s
        behind = hidden_share(rows["xyxy"], rows["observed"]) > HIDDEN
        self._lose(missed & ~(known & sure & real & recent & ~behind), frame)

    def _start(self, found: Detections, frame: Frame) -> None:
        """Begin a track at each of these detections, unless it is of a tracked object."""
        rows = self._table.rows
        double = iou(found.xyxy, rows["xyxy"][rows["observed"]]).max(axis=1, initial=0)
        found = found[double < SAME_OBJECT]
        if not len(found):
            return
        where = self._table.add(found, detection_variance(found), frame)
        self._motion.add(found.xyxy)
        self._visual.start(frame, self._table.rows["key"][where], found.xyxy)
        self._confirm(where)

    # --- comings and goings ---------------------------------------------------------------------

    def _lose(self, which: Mask, frame: Frame) -> None:
        """Hide known tracks (N,) and forget tentative ones."""
        if not which.any():
            return
        rows = self._table.rows
        known = which & (rows["state"] == TrackState.CONFIRMED)
        self._visual.stop(rows["key"][known])
        rows["state"][known] = TrackState.LOST
        rows["lost_frame"][known] = frame.index
        self._forget(which & (rows["state"] == TrackState.TENTATIVE), frame)

    def _forget(self, which: Mask, frame: Frame) -> None:
        """Take tracks (N,) out of every table."""
        if not which.any():
            return
        rows = self._table.rows
        self._visual.stop(rows["key"][which & (rows["state"] != TrackState.LOST)])
        self._motion.remove(which)
        self._events += self._table.remove(which, frame)
