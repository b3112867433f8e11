"""The images to learn from and to validate on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acme_tracker.datasets import DetectionDataset, load_image, open_combined, with_classes
from acme_tracker.datatypes import ClassList
from acme_tracker.errors import DatasetError
from acme_tracker.frames import Image
from acme_tracker.networks.outputs import Mask
from acme_tracker.training.draws import marked_names
from acme_tracker.training.labels import LabelRules, choose_outputs, other_members
from acme_tracker.training.settings import TrainSettings


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Two data sets with the labels of the detector's rules as classes: its outputs come first.

    Attributes:
        left_out: images that are not learnt from, as they do not label every class.
        marked: whether a split or the settings say which images are held out.
    """

    train: DetectionDataset
    validation: DetectionDataset
    rules: LabelRules
    left_out: int = 0
    marked: bool = True

    @property
    def fingerprint(self) -> dict[str, str | int]:
        """What was learnt from, in few words: the same names, files' sizes and labels."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation):
            sizes = [_file_size(path) for path in part.paths]
            digest.update(repr((part.names, sizes, part.classes.names)).encode())
            boxes = part.boxes
            for column in (boxes.image, boxes.xyxy, boxes.class_id, boxes.ignore, part.labelled):
                digest.update(np.ascontiguousarray(column).tobytes())
        return {
            "training_images": len(self.train),
            "training_boxes": len(self.train.boxes),
            "validation_images": len(self.validation),
            "validation_boxes": len(self.validation.boxes),
            "sha256": digest.hexdigest(),
        }


def open_training_data(
    paths: Sequence[Path], settings: TrainSettings, complete: bool = False
) -> TrainingData:
    """Read data sets of any known format, and hold some of their images out for validation.

    Images of a split `test` are left alone.

    Args:
        paths: of the data sets.
        settings: classes, and what is held out.
        complete: for a loss that cannot be masked: only plain classes are learnt, and only from
            images that label all of them.

    Raises:
        DatasetError: no images to learn from or to validate on.
        ConfigError: a class is wanted that they do not label, or no image is named as the settings
            say.
    """
    data = open_combined(paths)
    if not len(data.boxes):
        raise DatasetError(f"{data.root}: no object is labelled; see `acme-tracker data check`")
    tests = np.array([split.startswith("test") for split in data.splits])
    usable = data.labelled.any(1) & ~tests
    held_out = marked_names(data.names, data.splits, settings)
    marked = bool(held_out.any())
    if not marked:
        held_out = _last(usable, settings.data.validation_share)
    learnt = usable & ~held_out
    outputs = choose_outputs(
        data.subset(np.flatnonzero(learnt)), settings.model.classes, settings.model.super_classes
    )
    if complete:
        outputs = ClassList(tuple(outputs.names[i] for i in LabelRules(outputs).plain))
    rules = LabelRules(outputs, other_members(data.classes.names, outputs))
    known = with_classes(data, rules.labels)
    of_outputs = known.labelled[:, : len(outputs)]
    labelled, all_labelled = of_outputs.any(1), of_outputs.all(1)
    fit = all_labelled if complete else labelled
    train = known.subset(np.flatnonzero(learnt & fit))
    validation = known.subset(np.flatnonzero(held_out & labelled))
    left_out = int((learnt & labelled & ~fit).sum())
    for part, what in ((train, "to learn from"), (validation, "to validate on")):
        if not len(part.boxes):
            raise DatasetError(
                f"{data.root}: no labelled objects {what}; {_advice(left_out, outputs)}"
            )
    return TrainingData(train, validation, rules, left_out, marked)


def _advice(left_out: int, outputs: ClassList) -> str:
    if left_out:
        return (
            f"none of {left_out} images labels all of {', '.join(outputs)}: name in model.classes "
            "those that they all do"
        )
    return (
        "give more images, or say in data.validation_names which are held out (else the last "
        "data.validation_share of them are, one at least)"
    )


def _last(usable: Mask, share: float) -> Mask:
    """(I,) the last share of the usable images, one at least.

    Neighbours stay together: frames of a video are much alike.
    """
    rows, last = np.flatnonzero(usable), np.zeros_like(usable)
    last[rows[len(rows) - max(1, round(len(rows) * share)) :]] = True
    return last


def load_picture(path: Path | str) -> Image:
    """An image of a data set; DatasetError, with what to do, if it cannot be read."""
    try:
        return load_image(path)
    except DatasetError as error:
        raise DatasetError(f"{error}; `acme-tracker data check --decode` finds all such") from None


def _file_size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1
