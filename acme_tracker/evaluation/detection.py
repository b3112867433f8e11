"""Run a detector over a data set and score it; nothing here prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datasets import (
    DetectionDataset,
    LabelledImage,
    load_image,
    map_classes,
    with_classes,
)
from acme_tracker.datasets.maps import check_class_map, resolve
from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.errors import DatasetError
from acme_tracker.interfaces import Detector
from acme_tracker.metrics.average_precision import AveragePrecision, average_precision
from acme_tracker.metrics.working_point import WorkingPoint, working_point

LEAST_SCORE = 0.01  # to open detectors with: the curves need what lies below the working threshold
_TIMED_IMAGES = 100

ClassMap = Mapping[str, str | None]  # None drops
Watch = Callable[[Iterable[LabelledImage]], Iterable[LabelledImage]]


@dataclass(frozen=True, eq=False)
class DetectionReport:
    """How good a detector is on a data set.

    Attributes:
        data: the images and the truth, with the classes that were scored.
        found: an item an image, with the data's class_ids.
        ms_per_image: as `median_ms` says.
        left_out: classes of the data that the detector does not know.
        unknown: classes of the detector that the data does not know.
    """

    data: DetectionDataset
    found: tuple[Detections, ...]
    average_precision: AveragePrecision
    working_point: WorkingPoint
    ms_per_image: float
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def classes(self) -> ClassList:
        return self.data.classes

    def figures(self, class_id: int | None = None) -> dict[str, float | int]:
        """Percentages and counts, of one class or all; NaN where there is nothing to count."""
        point, rows = self.working_point, slice(None) if class_id is None else [class_id]
        return {
            **self.average_precision.figures(class_id),
            "precision": 100 * point.precision(class_id),
            "recall": 100 * point.recall(class_id),
            "truth_boxes": int(self.average_precision.truth_boxes[rows, 0].sum()),
        }

    def as_dict(self) -> dict[str, Any]:
        """For JSON; None where there is nothing to count."""
        by_class = {name: _json(self.figures(i)) for i, name in enumerate(self.classes)}
        return {
            "images": len(self.data),
            "ms_per_image": self.ms_per_image,
            "working_score": self.working_point.score,
            "all": _json(self.figures()),
            "by_class": by_class,
            "confusion": {
                "classes": [*self.classes, "background"],
                "true_by_detected": self.working_point.confusion.tolist(),
            },
            "classes_not_detected": list(self.left_out),
            "classes_not_in_data": list(self.unknown),
        }


def _json(figures: Mapping[str, float | int]) -> dict[str, float | int | None]:
    return {name: None if math.isnan(value) else value for name, value in figures.items()}


def evaluate_detector(
    detector: Detector,
    data: DetectionDataset,
    score: float,
    class_map: ClassMap | None = None,
    watch: Watch = iter,
    timed: Detector | None = None,
) -> DetectionReport:
    """Detect on every image, one at a time, and score what was found.

    Args:
        detector: opened with LEAST_SCORE, so that the precision curves are whole.
        data: images with boxes.
        score: the working threshold, for precision, recall and the confusion matrix.
        class_map: new names of classes, in the data and in the detector; None drops.
        watch: wraps the images that are gone through, to show progress.
        timed: the same detector opened with the working threshold, to measure its speed with:
            going through the weak boxes can take longer than the network. None: `detector`.

    Raises:
        DatasetError: there is no image, one cannot be read, or no class is in common.
        ConfigError: the map names a class that neither data nor detector has.
    """
    if not len(data):
        raise DatasetError(f"{data.root}: no images to evaluate on")
    joined = join_classes(data, detector.classes, class_map or {})
    ms_per_image = median_ms(timed or detector, joined.data)
    found = [
        joined.translate(detector.detect([load_image(image.path)])[0])
        for image in watch(joined.data)
    ]
    truths = list(joined.data)
    return DetectionReport(
        data=joined.data,
        found=tuple(found),
        average_precision=average_precision(truths, found),
        working_point=working_point(truths, found, score),
        ms_per_image=ms_per_image,
        left_out=joined.left_out,
        unknown=joined.unknown,
    )


def median_ms(detector: Detector, images: Iterable[LabelledImage]) -> float:
    """Of `detect` on the first images, one at a time; reading is not counted."""
    times_ms: list[float] = []
    for image in islice(images, _TIMED_IMAGES):
        picture = load_image(image.path)
        if not times_ms:
            detector.detect([picture])  # the first call of most runtimes is slower
        start = perf_counter()
        detector.detect([picture])
        times_ms.append(1000 * (perf_counter() - start))
    return median(times_ms)


@dataclass(frozen=True, eq=False)
class Joined:
    """A data set with the classes that a detector knows too.

    Attributes:
        new_id: (D,) the data's class_id of each class of the detector, -1 for none.
        left_out: classes of the data that the detector does not know.
        unknown: classes of the detector that the data does not know.
    """

    data: DetectionDataset
    new_id: NDArray[np.int64]
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]

    def translate(self, found: Detections) -> Detections:
        """The detections of classes that the data knows, with its class_ids."""
        class_id = self.new_id[found.class_id]
        return replace(found, class_id=class_id, class_scores=None)[class_id >= 0]


def join_classes(data: DetectionDataset, known: ClassList, class_map: ClassMap) -> Joined:
    """Bring the classes of data and detector together, by name.

    A detector's class that the data does not have counts as a super-class of the data that it
    belongs to: cars, buses and trucks are found "vehicles" where the labels say no more.
    """
    check_class_map(class_map, [data.classes, known])
    mapped = map_classes(data, _of(data.classes, class_map))
    theirs = [_place(name, mapped.classes) for name in resolve(known, _of(known, class_map))]
    shared = [name for name in mapped.classes if name in theirs]
    if not shared:
        raise DatasetError(
            f"no class in common: {data.root} has {', '.join(mapped.classes)}; the detector finds "
            f"{', '.join(known)}; bring them together with --map (car=vehicle,bus=vehicle)"
        )
    return Joined(
        data=with_classes(mapped, shared),
        new_id=np.array([shared.index(n) if n is not None else -1 for n in theirs], np.int64),
        left_out=tuple(name for name in mapped.classes if name not in shared),
        unknown=tuple(n for n, to in zip(known, theirs, strict=True) if to is None),
    )


def _of(classes: ClassList, class_map: ClassMap) -> ClassMap:
    """The part of a map that is about these classes."""
    return {old: new for old, new in class_map.items() if classes.members(old)}


def _place(name: str | None, classes: ClassList) -> str | None:
    """The class that a detector's class counts as: itself, else a super-class that has it."""
    if name is None or name in classes:
        return name
    wider = (whole for whole in classes if name in classes.super_classes.get(whole, ()))
    return next(wider, None)
