"""The whole idea, for one source: follow every track, and detect again when it pays.

A session has no threads and does no input or output. `pipeline.py` feeds it frames.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import (
    Boxes,
    ClassList,
    Detections,
    FrameResult,
    Look,
    Observation,
    TrackEvent,
    Tracks,
)
from acme_tracker.frames import Frame
from acme_tracker.interfaces import Detector, FrameWatcher, Tracker
from acme_tracker.timing import Stopwatch
from acme_tracker.tracking.redetection import RedetectionPolicy, SceneCuts
from acme_tracker.tracking.tracker import ObjectTracker
from acme_tracker.tracking.visual.registry import open_visual_tracker


class Answer(NamedTuple):
    """A look, and what was seen."""

    look: Look
    observation: Observation


class Observer(Protocol):
    """Has the detector look: at once or ahead for recordings, beside the tracker for cameras."""

    def is_free(self, frame: Frame, /) -> bool:
        """Whether it can be sent to look at this frame."""
        ...

    def observe(self, frame: Frame, tracks: Tracks, look: Look | None, /) -> Answer | None:
        """Call on every frame, with the look at it if there is one; what is known of it now."""
        ...

    def forget(self) -> None:
        """The scene is another one: an answer that is still to come means nothing."""
        ...

    def note(self, frame: Frame, busy_s: float, /) -> None:
        """A frame is done, sinks and all, and took so long."""
        ...


class TrackingSession:
    """Tracks the road users of one source, frame by frame.

    The detector may be shared between sessions, unless it watches frames (a background model).

    Args:
        observer: None looks at once.
    """

    def __init__(
        self,
        detector: Detector,
        tracker: Tracker,
        policy: RedetectionPolicy,
        observer: Observer | None = None,
    ) -> None:
        self.detector = detector
        self.tracker = tracker
        self.policy = policy
        self.observer = observer or AtOnce(detector)
        self._scene_cuts = SceneCuts()
        self._stopwatch = Stopwatch()

    @classmethod
    def from_settings(
        cls, settings: TrackSettings, detector: Detector, observer: Observer | None = None
    ) -> TrackingSession:
        """A session of its own for one source."""
        tracker = ObjectTracker(
            detector.classes,
            open_visual_tracker(settings.visual_tracker),
            settings.association,
            settings.lifecycle,
            unsure_below=settings.redetection.confidence_below,
            follow_gap_s=settings.visual_tracker.max_gap_s,
        )
        return cls(detector, tracker, RedetectionPolicy(settings.redetection), observer)

    @property
    def classes(self) -> ClassList:
        return self.detector.classes

    def step(self, frame: Frame) -> FrameResult:
        """Everything about the next frame; frames come in order of time."""
        stage = self._stopwatch.stage
        with stage("watch"):
            self._watch(frame)
        with stage("follow"):
            tracks = self.tracker.predict(frame)
        with stage("watch"):
            wanted = self.policy.decide(frame, tracks) if self.observer.is_free(frame) else None
        with stage("detect"):
            answer = self.observer.observe(frame, tracks, wanted)
        if answer is not None:
            with stage("associate"):
                tracks = self.tracker.correct(frame, answer.observation)
        look, observation = answer or (None, None)
        events = self.tracker.take_events()
        timings_ms = self._stopwatch.take_ms()
        return FrameResult(frame, tracks, events, look, observation, timings_ms)

    def finish(self) -> tuple[TrackEvent, ...]:
        """The source is over: end every track that is left."""
        self.tracker.reset()
        return self.tracker.take_events()

    def _watch(self, frame: Frame) -> None:
        """See whether the scene is another one now, and keep the background model up to date."""
        self.policy.watch(frame)
        cut = self._scene_cuts.watch(frame)
        watcher = self.detector if isinstance(self.detector, FrameWatcher) else None
        if cut:
            # Not the end of them: a camera's broken picture is a cut too, there and back.
            self.tracker.hide()
            self.policy.scene_cut()
            self.observer.forget()
            if watcher:
                watcher.forget()
        if watcher:
            watcher.watch(frame)


class AtOnce:
    """Looks while the frame waits: every answer is of the very frame."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def is_free(self, _: Frame) -> bool:
        return True

    def observe(self, frame: Frame, _: Tracks, look: Look | None) -> Answer | None:
        return None if look is None else Answer(look, observe(self._detector, frame, look))

    def forget(self) -> None:
        """Nothing is ever to come."""

    def note(self, frame: Frame, busy_s: float) -> None:
        """Recordings wait: how long it took decides nothing."""


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
