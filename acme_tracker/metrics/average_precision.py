"""COCO average precision, by class and by size, where some images label only some classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import Boxes, Detections
from acme_tracker.metrics.overlaps import Floats, Ints

IOUS: Floats = np.linspace(0.5, 0.95, 10)
RECALLS: Floats = np.linspace(0, 1, 101)
SIZES = ("all", "small", "medium", "large")
_AREAS_PX2 = ((0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10))  # COCO's
_MOST_DETECTIONS = 100  # of a class on an image


class Labels(Protocol):
    """The truth of one image; what `datasets` reads is such.

    Attributes:
        xyxy: (N, 4) float32, pixels.
        class_id: (N,); -1, where `ignore` is set, stands for any class.
        ignore: (N,) bool: to find one is neither right nor wrong.
        labelled: (C,) bool: every object of these classes has a box; no others are evaluated.
    """

    @property
    def xyxy(self) -> Boxes: ...

    @property
    def class_id(self) -> Ints: ...

    @property
    def ignore(self) -> NDArray[np.bool_]: ...

    @property
    def labelled(self) -> NDArray[np.bool_]: ...


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """Precision at given recalls, NaN where there is no truth.

    Attributes:
        precision: (10, 101, C, 4) by IoU threshold, recall, class and size, interpolated as COCO
            does; 0 at recalls that are not reached.
        score: (10, 101, C, 4) score of the detection there.
        truth_boxes: (C, 4) by class and size, without those to ignore.
    """

    precision: Floats
    score: Floats
    truth_boxes: Ints

    def mean(
        self, iou: float | None = None, class_id: int | None = None, size: str = "all"
    ) -> float:
        """AP in [0, 1] at one IoU threshold or all, of one class or all; NaN without truth."""
        ious = slice(None) if iou is None else np.isclose(IOUS, iou)
        classes = slice(None) if class_id is None else [class_id]
        values = self.precision[ious][:, :, classes, SIZES.index(size)]
        values = values[~np.isnan(values)]
        return float(values.mean()) if values.size else float("nan")

    def figures(self, class_id: int | None = None) -> dict[str, float]:
        """COCO's names, in percent; of one class or the mean over classes."""
        found = {
            "AP": self.mean(class_id=class_id),
            "AP50": self.mean(0.5, class_id),
            "AP75": self.mean(0.75, class_id),
        } | {f"AP_{size}": self.mean(None, class_id, size) for size in SIZES[1:]}
        return {name: 100 * value for name, value in found.items()}


def average_precision(truths: Sequence[Labels], found: Sequence[Detections]) -> AveragePrecision:
    """Evaluate images by COCO's rules, with the evaluation of faster-coco-eval.

    Detections of a class on an image that does not label it are passed over. Boxes to ignore are
    COCO's crowds: a detection that lies mostly inside one is passed over, unless it has a match.

    Args:
        truths: an item an image, all with the same classes.
        found: what was detected there, with the truth's class_ids.
    """
    if not truths or len(truths) != len(found):
        raise ValueError(f"truths and found must be as many, got {len(truths)} and {len(found)}")
    classes = len(truths[0].labelled)
    truth = [row for image, one in enumerate(truths) for row in _truth_rows(image, one)]
    result = [
        row
        for image, (one, seen) in enumerate(zip(truths, found, strict=True))
        for row in _result_rows(image, one, seen)
    ]
    evaluated = _run_coco(truth, result, len(truths), classes)
    counted = [row for row in truth if not row["iscrowd"]]
    class_of = np.array([row["category_id"] for row in counted], np.int64)
    area = np.array([row["area"] for row in counted])
    truth_boxes = [
        np.bincount(class_of[(area >= low) & (area <= high)], minlength=classes)
        for low, high in _AREAS_PX2
    ]
    # Axes: IoU, recall, class, size, most detections; -1 says that there is no truth.
    precision, score = (evaluated[name][..., 0] for name in ("precision", "scores"))
    nothing = precision < 0
    return AveragePrecision(
        precision=np.where(nothing, np.nan, precision),
        score=np.where(nothing, np.nan, score),
        truth_boxes=np.stack(truth_boxes, axis=1),
    )


def _truth_rows(image: int, truth: Labels) -> list[dict[str, Any]]:
    rows = []
    for box, class_id, ignore in zip(truth.xyxy, truth.class_id, truth.ignore, strict=True):
        of = np.flatnonzero(truth.labelled) if class_id < 0 else [class_id]
        rows += [_row(image, int(c), box, iscrowd=int(ignore)) for c in of if truth.labelled[c]]
    return rows


def _result_rows(image: int, truth: Labels, found: Detections) -> list[dict[str, Any]]:
    known = found[truth.labelled[found.class_id]]
    return [
        _row(image, int(class_id), box, score=float(score), iscrowd=0)
        for box, score, class_id in zip(known.xyxy, known.score, known.class_id, strict=True)
    ]


def _row(image: int, class_id: int, xyxy: NDArray[np.float32], **more: float) -> dict[str, Any]:
    left, top, right, bottom = xyxy.tolist()
    width, height = right - left, bottom - top
    place = {"bbox": [left, top, width, height], "area": width * height}
    return {"image_id": image, "category_id": class_id, **place, **more}


def _run_coco(
    truth: list[dict[str, Any]], result: list[dict[str, Any]], images: int, classes: int
) -> dict[str, NDArray[np.float64]]:
    from faster_coco_eval import COCO, COCOeval_faster

    tables = []
    for rows in (truth, result):
        table = COCO(
            {
                "images": [{"id": image} for image in range(images)],
                "categories": [{"id": c, "name": str(c)} for c in range(classes)],
                "annotations": [{"id": number, **row} for number, row in enumerate(rows, 1)],
            }
        )
        tables.append(table)
    evaluation = COCOeval_faster(*tables, iouType="bbox", print_function=_say_nothing)
    evaluation.params.maxDets = [_MOST_DETECTIONS]
    evaluation.params.areaRng = [list(area) for area in _AREAS_PX2]
    evaluation.params.areaRngLbl = list(SIZES)
    evaluation.evaluate()
    evaluation.accumulate()
    shape = (len(IOUS), len(RECALLS), classes, len(SIZES), 1)
    return {n: np.asarray(evaluation.eval[n]).reshape(shape) for n in ("precision", "scores")}


def _say_nothing(*_: object) -> None:
    """Where the evaluation would print."""
