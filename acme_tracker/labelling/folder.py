"""The data set that comes out: readable at any moment, in COCO's format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.datasets import DetectionDataset, LabelledBoxes
from acme_tracker.datasets.coco_writer import write_labels
from acme_tracker.datasets.montage import dataset_montage, save_picture
from acme_tracker.datasets.writing import Placement, output_name, place, prepare, write_json
from acme_tracker.errors import OutputError
from acme_tracker.frames import Image
from acme_tracker.labelling.human import Labels
from acme_tracker.labelling.inputs import Shot
from acme_tracker.labelling.vocabulary import Vocabulary

ORIGIN = "origin.json"
_SAVED_EVERY = 100  # pictures
_SHEET, _SHEETS = 12, 6  # images on each montage, and montages at most


@dataclass(frozen=True, eq=False)
class _Picture:
    """One that is in the folder: split/name, (width, height), and how many boxes people drew."""

    name: str
    size: tuple[int, int]
    labels: Labels
    by_people: int
    finished: bool


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
        self._pictures: list[_Picture] = []

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, shot: Shot, image: Image, labels: Labels, jpeg_quality: int) -> None:
        """One picture with its labels."""
        name = output_name(shot.split, shot.name, self._taken)
        target = self.out / "images" / name
        if shot.path is None:
            _write_jpeg(image, target, jpeg_quality)
        else:
            place(shot.path, target, self._placement)
        by_people = 0 if shot.human is None else len(shot.human.xyxy)
        size = (image.shape[1], image.shape[0])
        self._pictures.append(_Picture(name, size, labels, by_people, shot.finished))
        if len(self) % _SAVED_EVERY == 0:
            self.save()

    def correct(self, first: int, labels: Sequence[Labels]) -> None:
        """Other labels for the pictures from number `first` on."""
        for number, better in enumerate(labels, first):
            self._pictures[number] = replace(self._pictures[number], labels=better)

    def save(self) -> None:
        """Write the labels of all pictures so far."""
        if self._pictures:
            names = [picture.name for picture in self._pictures]
            write_labels(self._dataset(), names, self.out)
            write_json(self.out / ORIGIN, {**self._origin, "labels": self.counts()})

    def finish(self, complete: bool) -> list[Path]:
        """Save for the last time, with sheets to review; -> these."""
        self._origin["complete"] = complete
        self.save()
        new = np.array([i for i, picture in enumerate(self._pictures) if not picture.finished], int)
        chosen = new[:: -(-len(new) // (_SHEET * _SHEETS)) or 1]  # spread over all
        sheets = []
        for number, first in enumerate(range(0, len(chosen), _SHEET), 1):
            part = self._dataset().subset(chosen[first : first + _SHEET])
            sheets.append(self.out / f"montage_{number}.jpg")
            save_picture(dataset_montage(part, _SHEET), sheets[-1])
        return sheets

    def counts(self) -> dict[str, dict[str, int]]:
        """By class: boxes of people, boxes that teachers added, and boxes to ignore they added."""
        names = [*self.vocabulary.classes, "region"]
        counts = {n: {"by_people": 0, "by_teachers": 0, "to_ignore": 0} for n in names}
        for picture in self._pictures:
            labels = picture.labels
            for row, number in enumerate(labels.class_id):
                added = "to_ignore" if labels.ignore[row] else "by_teachers"
                counts[names[number]]["by_people" if row < picture.by_people else added] += 1
        return {name: count for name, count in counts.items() if any(count.values())}

    def _dataset(self) -> DetectionDataset:
        labels = [picture.labels for picture in self._pictures]
        names = [picture.name for picture in self._pictures]
        owners = np.repeat(np.arange(len(labels)), [len(each.xyxy) for each in labels])
        columns = (
            np.concatenate([getattr(each, column) for each in labels])
            for column in ("xyxy", "class_id", "ignore")
        )
        return DetectionDataset(
            "coco",
            self.out,
            self.vocabulary.classes,
            tuple(str(self.out / "images" / name) for name in names),
            tuple(name.partition("/")[2] for name in names),
            tuple(name.partition("/")[0] for name in names),
            np.array([picture.size for picture in self._pictures], np.int32),
            np.stack([each.labelled for each in labels]),
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
