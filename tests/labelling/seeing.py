"""Teachers whose answers are known, for the tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.frames import Image
from acme_tracker.labelling.fusion import Fused, fuse
from acme_tracker.labelling.teachers import Panel, Teacher
from acme_tracker.labelling.vocabulary import Vocabulary

Box = tuple[float, float, float, float]
Said = tuple[Box, float, str]  # xyxy, score, class

PICTURE = np.zeros((480, 640, 3), np.uint8)


class Says:
    """A detector that gives the same answer to every picture."""

    def __init__(self, names: Sequence[str], *said: Said) -> None:
        self.classes = ClassList(tuple(names))
        ids = [self.classes.id_of(name) for _, _, name in said]
        self.answer = Detections.of([s[0] for s in said], [s[1] for s in said], ids)
        self.shown: list[tuple[int, int]] = []

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.shown += [(image.shape[1], image.shape[0]) for image in images]
        return [self.answer] * len(images)


COARSE = ("vehicle", "person", "bike")
FINE = ("person", "bicycle", "car", "motorcycle", "bus", "truck")


def coarse(*said: Said, weight: float = 1) -> Teacher:
    """A teacher that knows no more than kinds."""
    return Teacher("coarse", Says(COARSE, *said), 0.5, weight)


def fine(*said: Said, weight: float = 1) -> Teacher:
    """A teacher that knows all road users apart."""
    return Teacher("fine", Says(FINE, *said), 0.5, weight)


def vocabulary(*teachers: Teacher) -> Vocabulary:
    return Vocabulary.of(name for teacher in teachers for name in teacher.detector.classes)


def found(*teachers: Teacher, same_iou: float = 0.55) -> Fused:
    """What teachers find together."""
    panel = Panel(teachers, vocabulary(*teachers))
    return fuse(panel.look(PICTURE), same_iou, panel.weights)
