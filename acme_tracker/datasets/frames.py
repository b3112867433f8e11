"""Sequences seen as images with boxes: to train on, to look at, to write as another format."""

from __future__ import annotations

from collections.abc import Sequence as Several
from dataclasses import replace
from pathlib import Path

import numpy as np

from acme_tracker.datasets.images import list_images
from acme_tracker.datasets.maps import combine
from acme_tracker.datasets.types import DetectionDataset, LabelledBoxes, Sequence
from acme_tracker.errors import DatasetError
from acme_tracker.frames import frame_indices, natural_order

_FIRST_NUMBER = {"kitti-tracking": 0}


def first_number(form: str) -> int:
    """Of a sequence's pictures, in the format called so: 1 where nothing is said."""
    return _FIRST_NUMBER.get(form, 1)


def by_frame(pictures: Several[Path], form: str) -> dict[int, Path]:
    """A sequence's pictures, in the format called so, by their frames' indices, which rise."""
    ordered = sorted(pictures, key=natural_order)
    return dict(zip(frame_indices(ordered, first_number(form)), ordered, strict=True))


def pictures_by_frame(sequence: Sequence) -> dict[int, Path]:
    """The pictures of a sequence by their frames' indices, which rise; {} for a video."""
    if sequence.path is None or not sequence.path.is_dir():
        return {}
    return by_frame(list_images(sequence.path, deep=False), sequence.format)


def frames_dataset(sequences: Several[Sequence]) -> DetectionDataset:
    """The frames of sequences that are image folders; names are `sequence/picture`.

    Raises:
        DatasetError: a sequence is a video, or its pictures are missing.
    """
    return combine([_frames(sequence) for sequence in sequences])


def _frames(sequence: Sequence) -> DetectionDataset:
    if sequence.path is None:
        raise DatasetError(f"{sequence.name}: the images of the sequence are missing")
    if not sequence.path.is_dir():
        raise DatasetError(
            f"{sequence.path}: is a video: wanted its frames as images in {sequence.name}/img1/"
        )
    found = pictures_by_frame(sequence)
    shown, pictures = list(found), list(found.values())
    rows = sequence.rows[np.isin(sequence.rows.frame_index, shown)]
    image = np.searchsorted(shown, rows.frame_index)
    boxes = LabelledBoxes(image, rows.xyxy, rows.class_id, ~rows.scored)
    # A class that the file does not say cannot be learnt or scored.
    boxes = replace(boxes, ignore=boxes.ignore | (boxes.class_id < 0))
    images, classes = len(pictures), len(sequence.classes)
    return DetectionDataset(
        sequence.format,
        Path(sequence.path),
        sequence.classes,
        tuple(map(str, pictures)),
        tuple(f"{sequence.name}/{picture.name}" for picture in pictures),
        ("",) * images,
        np.tile(np.array(sequence.size or (0, 0), np.int32), (images, 1)),
        np.ones((images, classes), bool),
        boxes,
        sequence.problems,
    )
