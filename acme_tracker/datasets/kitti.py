"""KITTI: label_2/*.txt with image_2/ (detection), label_02/*.txt with image_02/*/ (tracking).

Columns: [frame, track id,] type, truncated, occluded, alpha, left, top, right, bottom, and more
that is not needed here. Pixels count from 0. `DontCare` marks regions to ignore.
"""

from __future__ import annotations

from pathlib import Path

from acme_tracker.config import nearest
from acme_tracker.datasets.building import (
    DatasetBuilder,
    RowsBuilder,
    choose_splits,
    first_size,
    label_lines,
)
from acme_tracker.datasets.images import list_images
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import numbers, read_lines, whole
from acme_tracker.datasets.types import REGION, DetectionDataset, Sequence
from acme_tracker.datatypes import ClassList

DETECTION_LOOKED_FOR = "label_2/*.txt with image_2/, here or in training/"
TRACKING_LOOKED_FOR = "label_02/*.txt with image_02/, here or in training/"
CLASSES = ("Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc")
FRAME_RATE = 10.0
_SYNONYMS = {"Person": "Person_sitting"}  # as the tracking kit's own description calls it


def find_detection(path: Path) -> bool:
    """Whether KITTI's object labels lie at a folder."""
    return any((home / "label_2").is_dir() for home in _homes(path).values())


def find_tracking(path: Path) -> bool:
    """Whether KITTI's tracking labels lie at a folder."""
    return any((home / "label_02").is_dir() for home in _homes(path).values())


def read_detection(path: Path, split: str | None, problems: Problems) -> DetectionDataset:
    """The labelled folders; a picture without label file is unlabelled."""
    homes = {name: home for name, home in _homes(path).items() if (home / "label_2").is_dir()}
    builder = DatasetBuilder("kitti", path, problems, CLASSES)
    for name in choose_splits(homes, split, path):
        home = homes[name]
        images = list_images(home / "image_2", deep=False)
        for image in images:
            _read_image(image, home / "label_2" / f"{image.stem}.txt", name, builder)
        stems = {image.stem for image in images}
        for file in sorted((home / "label_2").glob("*.txt")):
            if file.stem not in stems:
                problems.warn(file, "label file without an image")
    return builder.build()


def read_tracking(path: Path, strict: bool = False) -> list[Sequence]:
    """One sequence a label file."""
    homes = [home for home in _homes(path).values() if (home / "label_02").is_dir()]
    files = [file for home in homes for file in sorted((home / "label_02").glob("*.txt"))]
    return [_read_sequence(file, Problems(strict)) for file in files]


def _homes(path: Path) -> dict[str, Path]:
    return {"": path, "training": path / "training", "testing": path / "testing"}


def _read_image(image: Path, labels: Path, split: str, builder: DatasetBuilder) -> None:
    lines = label_lines(labels, builder.problems)
    builder.image(image, image.name, split, labelled=lines is not None)
    for line, text in lines or ():
        try:
            name, xyxy = _parse(text.split())
            builder.box(xyxy, name)
        except ValueError as error:
            builder.lost_box(labels, str(error), line)


def _parse(words: list[str]) -> tuple[str, list[float]]:
    """Class name and xyxy of the columns from `type` on."""
    if len(words) < 15:
        raise ValueError(f"row must have at least 15 columns from the type on, got {len(words)}")
    name = _SYNONYMS.get(words[0], words[0])
    if name != "DontCare" and name not in CLASSES:
        raise ValueError(f"unknown class {name!r}{nearest(name, CLASSES)}")
    return name, numbers(words[4:8])


def _read_sequence(labels: Path, problems: Problems) -> Sequence:
    folder = labels.parent.parent / "image_02" / labels.stem
    pictures = list_images(folder, deep=False)
    rows = RowsBuilder()
    for line, text in read_lines(labels):
        try:
            words = text.split()
            frame, track = whole(words[0]), whole(words[1]) if len(words) > 1 else REGION
            name, xyxy = _parse(words[2:])
            known = name in CLASSES
            rows.row(frame, track, xyxy, CLASSES.index(name) if known else REGION, scored=known)
        except ValueError as error:
            problems.error(labels, str(error), line)
    table = rows.build()
    last = int(table.frame_index.max()) + 1 if len(table) else 0
    if pictures and last > len(pictures):
        problems.warn(
            labels, f"labels go to frame {last - 1}, but {folder} has {len(pictures)} images"
        )
    return Sequence(
        labels.stem,
        folder if pictures else None,
        FRAME_RATE,
        first_size(pictures, problems),
        max(len(pictures), last),
        ClassList(tuple(CLASSES)),
        table,
        "kitti-tracking",
        tuple(problems.found),
    )
