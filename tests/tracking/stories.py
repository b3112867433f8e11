"""Tells a tracker a story of tracks, frame by frame."""

from __future__ import annotations

import numpy as np

from acme_tracker.config import AssociationSettings, LifecycleSettings
from acme_tracker.datatypes import ClassList, Detections, Observation, TrackEvent, Tracks
from acme_tracker.frames import Frame
from acme_tracker.tracking.tracker import ObjectTracker
from tests.fakes import ScriptedFollower

CLASSES = ClassList(("person", "car", "truck"))
CAR, TRUCK = 1, 2
FPS = 10
BLANK = np.zeros((480, 640, 3), np.uint8)

Box = tuple[float, float, float, float]


class Story:
    """Feeds a tracker one frame after the other, each showing `image`."""

    def __init__(self, **lifecycle: float) -> None:
        self.follower = ScriptedFollower()
        wanted = LifecycleSettings.model_validate({"confirm_score": 0.6, **lifecycle})
        self.tracker = ObjectTracker(
            CLASSES, self.follower, AssociationSettings(), wanted, unsure_below=0.5
        )
        self.image = BLANK
        self.index = -1
        self.events: list[TrackEvent] = []

    def unseen(self) -> Tracks:
        """A frame that the detector does not look at."""
        self.index += 1
        self.frame = Frame.of_image(self.image, self.index, self.index / FPS)
        tracks = self.tracker.predict(self.frame)
        self.events += self.tracker.take_events()
        return tracks

    def seen(
        self,
        *boxes: Box,
        score: float = 0.9,
        class_id: int = CAR,
        regions: tuple[Box, ...] | None = None,
    ) -> Tracks:
        """A frame on which the detector finds these boxes."""
        self.index += 1
        self.frame = Frame.of_image(self.image, self.index, self.index / FPS)
        self.tracker.predict(self.frame)
        count = len(boxes)
        found = Detections.of(boxes, np.full(count, score), np.full(count, class_id))
        where = None if regions is None else np.array(regions, np.float32)
        tracks = self.tracker.correct(self.frame, Observation(found, self.index, where))
        self.events += self.tracker.take_events()
        return tracks

    def kinds(self) -> list[tuple[str, int, int]]:
        return [(str(e.kind), e.life.track_id, e.frame_index) for e in self.events]


def car(x: float, y: float = 100, size: float = 60) -> Box:
    return (x, y, x + size, y + size)
