"""The data set that comes out: readable at any moment, in COCO's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.datasets import DetectionDataset, LabelledBoxes
from acme_tracker.datasets.coco_writer import write_labels
from acme_tracker.datasets.montage import dataset_montage, save_picture
from acme_tracker.datasets.writing import Placement, output_name, place, prepare, write_json
from acme_tracker.datatypes import Image
from acme_tracker.errors import OutputError
from acme_tracker.labelling.human import Labels
from acme_tracker.labelling.inputs import Shot
from acme_tracker.labelling.vocabulary import Vocabulary

ORIGIN = "origin.json"
_SAVED_EVERY = 50  # pictures
_SHEET, _SHEETS = 12, 6  # images on each montage, and montages at most


class LabelFolder:
    """Pictures and their labels, one after the other. What was saved stays readable if it ends.

    Raises:
        OutputError: the folder is not empty, or cannot be written to.
    """

    def __init__(
        self, out: Path, vocabulary: Vocabulary, placement: Placement, origin: dict[str, Any]
    ) -> None:
        prepare(out, (), (), overwrite=False)
        self.out, self.vocabulary = out, vocabulary
        self._placement, self._origin = placement, origin
        self._taken: set[str] = set()
        self._names: list[str] = []
        self._sizes: list[tuple[int, int]] = []
        self._labels: list[Labels] = []
        self._finished: list[bool] = []
        self._people_drew: list[int] = []

    def __len__(self) -> int:
        return len(self._names)

    def add(self, shot: Shot, image: Image, labels: Labels, jpeg_quality: int) -> None:
        """One picture with its labels."""
        name = output_name(shot.split, shot.name, self._taken)
        target = self.out / "images" / name
        if shot.path is None:
            _write_jpeg(image, target, jpeg_quality)
        else:
            place(shot.path, target, self._placement)
        self._names.append(name)
        self._sizes.append((image.shape[1], image.shape[0]))
        self._labels.append(labels)
        self._finished.append(shot.finished)
        self._people_drew.append(0 if shot.human is None else len(shot.human.xyxy))
        if len(self) % _SAVED_EVERY == 0:
            self.save()

    def save(self) -> None:
        """Write the labels of all pictures so far."""
        if self._names:
            write_labels(self._dataset(), self._names, self.out)
            write_json(self.out / ORIGIN, {**self._origin, "labels": self.counts()})

    def finish(self, complete: bool) -> list[Path]:
        """Save for the last time, with sheets to review; -> these."""
        self._origin["complete"] = complete
        self.save()
        mine = np.flatnonzero(~np.array(self._finished, bool))
        sheets = []
        chosen = (
            mine[np.unique(np.linspace(0, len(mine) - 1, _SHEET * _SHEETS).astype(int))]
            if len(mine)
            else mine
        )
        for number, first in enumerate(range(0, len(chosen), _SHEET), 1):
            sheet = self.out / f"montage_{number}.jpg"
            part = self._dataset().subset(chosen[first : first + _SHEET])
            save_picture(dataset_montage(part, _SHEET), sheet)
            sheets.append(sheet)
        return sheets

    def counts(self) -> dict[str, dict[str, int]]:
        """By class: boxes of people, boxes that teachers added, and boxes to ignore they added."""
        names = [*self.vocabulary.classes, "region"]
        counts = {n: {"by_people": 0, "by_teachers": 0, "to_ignore": 0} for n in names}
        for labels, people in zip(self._labels, self._people_drew, strict=True):
            for row, (class_id, ignore) in enumerate(
                zip(labels.class_id, labels.ignore, strict=True)
            ):
                column = "by_people" if row < people else "to_ignore" if ignore else "by_teachers"
                counts[names[class_id]][column] += 1
        return {name: count for name, count in counts.items() if any(count.values())}

    def _dataset(self) -> DetectionDataset:
        count, classes = len(self), self.vocabulary.classes
        owners = np.repeat(np.arange(count), [len(labels.xyxy) for labels in self._labels])
        columns = (
            np.concatenate([getattr(labels, name) for labels in self._labels])
            for name in ("xyxy", "class_id", "ignore")
        )
        return DetectionDataset(
            "coco",
            self.out,
            classes,
            tuple(str(self.out / "images" / name) for name in self._names),
            tuple(name.partition("/")[2] for name in self._names),
            tuple(name.partition("/")[0] for name in self._names),
            np.array(self._sizes, np.int32).reshape(-1, 2),
            np.array([labels.labelled for labels in self._labels]).reshape(count, len(classes)),
            LabelledBoxes(owners, *columns),
        )


def _write_jpeg(image: Image, path: Path, quality: int) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV encodes every picture as JPEG"
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
