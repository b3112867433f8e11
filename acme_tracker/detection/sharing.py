"""One detector for several sources that run at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.detection.selection import check_images
from acme_tracker.errors import DetectorError
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector


def device_of(detector: Detector) -> str:
    """Where a detector works; one that does not say has no choice."""
    return str(getattr(detector, "device", "cpu"))


class SharedDetector:
    """A Detector that threads may call at the same time.

    Where it is faster so (on a GPU), what is asked while it works is its next batch; elsewhere they
    take turns.

    Args:
        detector: not one that watches its scene. Its `batch`, if it has one, is the most pictures
            that are worth giving it at once.
    """

    def __init__(self, detector: Detector) -> None:
        self.device = device_of(detector)
        self._detector = detector
        self._together: int = getattr(detector, "batch", 1)
        self._turn, self._asking = Lock(), Lock()
        self._asked: list[tuple[Sequence[Image], Future[list[Detections]]]] = []

    @property
    def classes(self) -> ClassList:
        return self._detector.classes

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See Detector. What it raises, all whose pictures were in the batch are told."""
        check_images(images)  # the others' pictures must not suffer for these
        answer: Future[list[Detections]] = Future()
        with self._asking:
            self._asked.append((images, answer))
        with self._turn:
            while not answer.done():
                self._answer_next()
        return answer.result()

    def _answer_next(self) -> None:
        """One batch of what was asked first."""
        with self._asking:
            batch = self._asked[: self._together]
            del self._asked[: self._together]
        pictures = [image for images, _ in batch for image in images]
        try:
            found = self._detector.detect(pictures)
            if len(found) != len(pictures):
                raise DetectorError(f"{len(pictures)} pictures had {len(found)} answers")
        except BaseException as error:
            for _, answer in batch:
                answer.set_exception(error)
            return
        for images, answer in batch:
            answer.set_result(found[: len(images)])
            del found[: len(images)]
