"""The whole idea, for one source: follow every track, and detect again when it pays.

A session has no threads and does no input or output. `pipeline.py` feeds it frames.
"""

from __future__ import annotations

import numpy as np

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import (
    Boxes,
    ClassList,
    Detections,
    Frame,
    FrameResult,
    Look,
    Observation,
    TrackEvent,
)
from acme_tracker.interfaces import Detector, FrameWatcher, Tracker
from acme_tracker.timing import Stopwatch
from acme_tracker.tracking.redetection import RedetectionPolicy, SceneCuts
from acme_tracker.tracking.tracker import ObjectTracker
from acme_tracker.tracking.visual.registry import open_visual_tracker


class TrackingSession:
    """Tracks the road users of one source, frame by frame.

    The detector may be shared between sessions, unless it watches frames (a background model).
    """

    def __init__(self, detector: Detector, tracker: Tracker, policy: RedetectionPolicy) -> None:
        self.detector = detector
        self.tracker = tracker
        self.policy = policy
        self._scene_cuts = SceneCuts()
        self._stopwatch = Stopwatch()

    @classmethod
    def from_settings(cls, settings: TrackSettings, detector: Detector) -> TrackingSession:
        """A session of its own for one source."""
        tracker = ObjectTracker(
            detector.classes,
            open_visual_tracker(settings.visual_tracker),
            settings.association,
            settings.lifecycle,
            unsure_below=settings.redetection.confidence_below,
        )
        return cls(detector, tracker, RedetectionPolicy(settings.redetection))

    @property
    def classes(self) -> ClassList:
        return self.detector.classes

    def step(self, frame: Frame) -> FrameResult:
        """Everything about the next frame; frames come in order of time."""
        stage = self._stopwatch.stage
        with stage("watch"):
            cut = self._watch(frame)
        with stage("follow"):
            tracks = self.tracker.predict(frame)
        look, observation = self.policy.decide(frame, tracks, cut), None
        if look is not None:
            with stage("detect"):
                observation = observe(self.detector, frame, look)
            with stage("associate"):
                tracks = self.tracker.correct(frame, observation)
        events = self.tracker.take_events()
        timings_ms = self._stopwatch.take_ms()
        return FrameResult(frame, tracks, events, look, observation, timings_ms)

    def finish(self) -> tuple[TrackEvent, ...]:
        """The source is over: end every track that is left."""
        self.tracker.reset()
        return self.tracker.take_events()

    def _watch(self, frame: Frame) -> bool:
        """Keep the background model up to date; whether the scene is another one now."""
        cut = self._scene_cuts.watch(frame)
        watcher = self.detector if isinstance(self.detector, FrameWatcher) else None
        if cut:
            # Not the end of them: a camera's broken picture is a cut too, there and back.
            self.tracker.hide()
            if watcher:
                watcher.forget()
        if watcher:
            watcher.watch(frame)
        return cut


def observe(detector: Detector, frame: Frame, look: Look) -> Observation:
    """Detect where the look says: on the whole frame, or on crops of it in one batch."""
    if look.regions is None:
        return Observation(detector.detect([frame.image])[0], frame.index)
    corners = np.round(look.regions).astype(int)
    crops = [frame.image[top:bottom, left:right] for left, top, right, bottom in corners]
    found = [
        _shifted(inside, left, top)
        for inside, (left, top, *_) in zip(detector.detect(crops), corners, strict=True)
    ]
    return Observation(Detections.concatenate(found), frame.index, look.regions)


def _shifted(found: Detections, left: int, top: int) -> Detections:
    """Detections of a crop in the pixels of the frame."""
    xyxy: Boxes = found.xyxy + np.array([left, top, left, top], np.float32)
    return Detections(xyxy, found.score, found.class_id, found.class_scores)
