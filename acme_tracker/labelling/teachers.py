"""Detectors that label: what each finds in a picture, in words that they share.

Conventions of the labels: the box of a bicycle or motorcycle holds its rider, who is no person
besides; who sits in a car, bus or truck is none either. COCO's detectors box bicycle and rider
apart: the bicycle's box is widened to its rider here, and judging drops the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import SUPER_CLASSES, Boxes, Detections
from acme_tracker.detection.registry import open_detector, working_score
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector, FrameWatcher
from acme_tracker.labelling.riders import with_riders
from acme_tracker.labelling.vocabulary import Vocabulary, kind_of
from acme_tracker.tables import Table

_TRUSTED = 0.5


@dataclass(frozen=True, eq=False)
class Seen(Table):
    """What teachers find in one picture.

    Attributes:
        xyxy: (N, 4) float32, pixels.
        score: (N,) float32, even: 0.5 is the least that counts with its teacher.
        kind: (N,) into the vocabulary's kinds.
        votes: (N, C) float32, how sure of each class; all 0 where only the kind is known.
        teacher: (N,) which of them.
        weight: (N,) float32, the teacher's.
    """

    xyxy: Boxes
    score: NDArray[np.float32]
    kind: NDArray[np.int64]
    votes: NDArray[np.float32]
    teacher: NDArray[np.int64]
    weight: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = self._check("xyxy", np.float32, 4)
        self._check("score", np.float32, like=count)
        self._check("kind", np.int64, like=count)
        self._check("votes", np.float32, -1, like=count)
        self._check("teacher", np.int64, like=count)
        self._check("weight", np.float32, like=count)


@dataclass(frozen=True)
class Teacher:
    """A detector, and how much its word counts.

    Attributes:
        working: the least score that counts with it by its own card.
        weight: of its boxes and votes beside the others'.
    """

    name: str
    detector: Detector
    working: float
    weight: float = 1

    def weights(self, vocabulary: Vocabulary) -> list[float]:
        """On each kind: 0 where it knows no class of that."""
        kinds = set(map(kind_of, self.detector.classes))
        return [self.weight if kind in kinds else 0 for kind in vocabulary.kinds]

    def look(self, image: Image, vocabulary: Vocabulary, number: int) -> Seen:
        """What it finds, as teacher `number` of several."""
        (found,) = self.detector.detect([image])
        own = vocabulary.ids(self.detector.classes.names)
        class_id = own[found.class_id]
        score = np.interp(found.score, [0, self.working, 1], [0, _TRUSTED, 1])
        return Seen(
            self._with_riders(found),
            score.astype(np.float32),
            vocabulary.kind_ids[class_id],
            self._votes(found, own, class_id, vocabulary) * score[:, None].astype(np.float32),
            np.full(len(found), number),
            np.full(len(found), self.weight, np.float32),
        )

    def _votes(
        self,
        found: Detections,
        own: NDArray[np.int64],
        class_id: NDArray[np.int64],
        vocabulary: Vocabulary,
    ) -> NDArray[np.float32]:
        """(N, C) shares of the classes of each box's kind; 0 where the kind is all it says."""
        votes = np.zeros((len(found), len(vocabulary.classes)), np.float32)
        if found.class_scores is None:
            votes[np.arange(len(found)), class_id] = 1
        else:
            votes[:, own] = found.class_scores
        votes *= vocabulary.kind_ids == vocabulary.kind_ids[class_id][:, None]
        wider = [name in SUPER_CLASSES for name in vocabulary.classes]
        votes[:, wider] = 0
        total = votes.sum(1, keepdims=True)
        return np.asarray(votes / np.where(total > 0, total, 1), np.float32)

    def _with_riders(self, found: Detections) -> Boxes:
        """The boxes, those of bicycles and motorcycles widened to their riders."""
        names = np.array(self.detector.classes.names)[found.class_id]
        bikes, people = np.isin(names, SUPER_CLASSES["bike"]), names == "person"
        xyxy = found.xyxy.copy()
        xyxy[bikes] = with_riders(xyxy[bikes], xyxy[people])
        return xyxy


def open_teachers(words: Sequence[str], doubtful_score: float) -> list[Teacher]:
    """Detectors by the words NAME or NAME=WEIGHT; the least scores they give count as doubtful.

    Raises:
        ConfigError: no teacher, one of them twice, a weight that is none, or a motion detector.
    """
    if not words:
        raise ConfigError("wanted a --teacher: a detector's name, see `acme-tracker models`")
    teachers: list[Teacher] = []
    for word in words:
        name, weight = _parse(word)
        if name in [teacher.name for teacher in teachers]:
            raise ConfigError(f"--teacher {name} is given twice")
        working = working_score(name)
        score = doubtful_score * working / _TRUSTED
        detector = open_detector(DetectorSettings(name=name, score=min(score, working), threads=1))
        if isinstance(detector, FrameWatcher):
            raise ConfigError(f"--teacher {name}: finds what moves, but not what it is")
        teachers.append(Teacher(name, detector, working, weight))
    return teachers


def _parse(word: str) -> tuple[str, float]:
    name, equals, text = word.rpartition("=")
    if not equals:
        return word, 1
    try:
        weight = float(text)
    except ValueError:
        weight = 0
    if not 0 < weight < float("inf"):
        raise ConfigError(f"--teacher wants NAME or NAME=WEIGHT, a weight above 0, got {word!r}")
    return name, weight


class Panel:
    """Teachers that look together, each in a thread of its own.

    Attributes:
        weights: (K, T) of each teacher on each kind, 0 where it does not know that.
    """

    def __init__(self, teachers: Sequence[Teacher], vocabulary: Vocabulary) -> None:
        self._teachers, self._vocabulary = teachers, vocabulary
        self._pool = ThreadPoolExecutor(len(teachers))
        self._looked = False
        self.weights = np.array([each.weights(vocabulary) for each in teachers]).T

    def look(self, image: Image, aspect: float | None = None) -> Seen:
        """What all of them find; `aspect` is the width over height to show the picture in."""
        shown, scale = image, 1.0
        if aspect is not None:
            import cv2

            height, width = image.shape[:2]
            shown = np.asarray(cv2.resize(image, (round(height * aspect), height)), np.uint8)
            scale = width / shown.shape[1]

        def ask(number: int) -> Seen:
            return self._teachers[number].look(shown, self._vocabulary, number)

        # One by one the first time: OpenVINO sets itself up in its first run, where two threads at
        # once may wait for each other for ever, one of them with the interpreter's lock.
        each = (self._pool.map if self._looked else map)(ask, range(len(self._teachers)))
        seen = Seen.concatenate(list(each))
        self._looked = True
        return replace(seen, xyxy=seen.xyxy * np.array([scale, 1, scale, 1], np.float32))
