"""From a model's raw boxes to Detections: thresholds, suppression, classes, clipping, order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.config import nearest
from acme_tracker.datatypes import ROAD_USERS, SUPER_CLASSES, Boxes, ClassList, Detections
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Image

MOVING = "moving"  # the class of what moves and has no better name
OFFERED = (*ROAD_USERS, *SUPER_CLASSES, MOVING)
Suppression = Literal["none", "per-class", "per-kind", "agnostic"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """What a model says of one picture, before anything is dropped.

    Attributes:
        xyxy: (N, 4) float32, pixels of the picture; may be outside it or empty.
        score: (N,) float32.
        label: (N,) the model's own index of the best class.
        label_scores: (N, L) float32 of every label, None where the model gives only the best.
    """

    xyxy: Boxes
    score: NDArray[np.float32]
    label: NDArray[np.int64]
    label_scores: NDArray[np.float32] | None = None

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Candidates:
        scores = None if self.label_scores is None else self.label_scores[rows]
        return Candidates(self.xyxy[rows], self.score[rows], self.label[rows], scores)


@dataclass(frozen=True)
class Selector:
    """Turns candidates into Detections of the classes that the run wants.

    Selecting classes only drops boxes: what is found of the others stays as it was. A user who
    selects cars does not get trucks under the name of their second-best class.

    Attributes:
        labels: name of each of the model's labels; several labels may share a name.
        classes: the run's.
        score: the least that counts.
        class_scores: that of classes which want another.
        suppress: boxes of what outdo each other where their IoU is above `iou`: the same class, the
            same kind (car, bus and truck are one kind, bicycle and motorcycle another), any; `none`
            for models that have done it.
    """

    labels: tuple[str, ...]
    classes: ClassList
    score: float
    suppress: Suppression = "none"
    iou: float = 0.6
    max_detections: int = 300
    class_scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def least(self) -> float:
        """What scores less counts for no class."""
        return min([self.score, *self.class_scores.values()])

    def __call__(self, found: Candidates, size: tuple[int, int]) -> Detections:
        """Detections in a picture of (width, height), best first."""
        least = np.array([self.class_scores.get(name, self.score) for name in self.labels])
        enough = found.score >= least.astype(np.float32)[found.label]
        found = found.take(enough & np.isfinite(found.xyxy).all(axis=1))
        found = found.take(np.argsort(-found.score, kind="stable"))
        found = found.take(self._keep(found))
        class_of = np.array([self._class_id(name) for name in self.labels], np.int64)
        found = found.take(class_of[found.label] >= 0)
        xyxy = boxes.clip(found.xyxy, size)
        rows = np.flatnonzero(boxes.areas(xyxy) > 0)[: self.max_detections]
        found = found.take(rows)
        score = np.clip(found.score, 0, 1)
        return Detections(xyxy[rows], score, class_of[found.label], self._class_scores(found))

    def _class_id(self, name: str) -> int:
        return self.classes.id_of(name) if name in self.classes else -1

    def _keep(self, found: Candidates) -> NDArray[np.intp]:
        """Rows that non-maximum suppression leaves of sorted candidates, still sorted."""
        if self.suppress == "none" or len(found.score) < 2:
            return np.arange(len(found.score))
        import cv2

        groups = _groups(self.labels, self.suppress)[found.label]
        ltwh = boxes.to_ltwh(found.xyxy)
        # A third of torchvision's time, once a network has emptied the processor's caches; it reads
        # lists faster than arrays.
        kept = cv2.dnn.NMSBoxesBatched(
            ltwh.tolist(), found.score.tolist(), groups.tolist(), 0.0, self.iou
        )
        return np.sort(np.asarray(kept, np.intp))

    def _class_scores(self, found: Candidates) -> NDArray[np.float32] | None:
        """(N, C): the best score among the labels of each class."""
        if found.label_scores is None:
            return None
        pooled = np.zeros((len(found.score), len(self.classes)), np.float32)
        for label, name in enumerate(self.labels):
            if name in self.classes:
                column = self.classes.id_of(name)
                pooled[:, column] = np.maximum(pooled[:, column], found.label_scores[:, label])
        return pooled


def _groups(labels: tuple[str, ...], suppress: Suppression) -> NDArray[np.int64]:
    """(L,) a number for each label; labels with the same one outdo each other."""
    if suppress == "agnostic":
        return np.zeros(len(labels), np.int64)
    names = list(labels) if suppress == "per-class" else [_kind(name) for name in labels]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.int64)


def _kind(name: str) -> str:
    """The super-class of a class, itself where it has none."""
    return next((above for above, members in SUPER_CLASSES.items() if name in members), name)


def select_classes(known: Sequence[str], wanted: Sequence[str], detector: str) -> ClassList:
    """The run's classes: those wanted, super-classes resolved; () is every road user known."""
    labels = ClassList(tuple(dict.fromkeys(known)))
    if not wanted:
        return ClassList(tuple(name for name in OFFERED if name in labels) or labels.names)
    names: list[str] = []
    for name in wanted:
        members = [labels.names[i] for i in labels.members(name)]
        if not members:
            offered = [n for n in OFFERED if labels.members(n)] or list(labels)
            raise ConfigError(f"{detector} knows no class {name!r}{nearest(name, offered)}")
        names += members
    return ClassList(tuple(dict.fromkeys(names)))


def check_images(images: Sequence[Image]) -> None:
    """ValueError, with the shape, unless every picture is (H, W, 3) uint8 and not empty."""
    for image in images:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"image must be (H, W, 3) uint8, got {image.shape} {image.dtype}")
