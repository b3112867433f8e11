"""Opens whatever lies at a path: the format is guessed from what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from acme_tracker.config import nearest
from acme_tracker.datasets import (
    coco,
    coco_writer,
    cvat,
    detrac,
    folders,
    kitti,
    label_studio,
    maps,
    mot,
    otb,
    voc,
    yolo,
    yolo_writer,
)
from acme_tracker.datasets.frames import frames_dataset
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.sources import apply_sources
from acme_tracker.datasets.types import ClassifiedImages, DetectionDataset
from acme_tracker.datasets.types import Sequence as TrackSequence
from acme_tracker.datasets.writing import Placement, Written
from acme_tracker.errors import ConfigError, DatasetError


@dataclass(frozen=True)
class ImageFormat:
    """A format of images with boxes."""

    looked_for: str
    find: Callable[[Path], bool]
    read: Callable[[Path, str | None, Problems], DetectionDataset]


@dataclass(frozen=True)
class SequenceFormat:
    """A format of sequences with identities."""

    looked_for: str
    find: Callable[[Path], bool]
    read: Callable[[Path, bool], list[TrackSequence]]


# The first that is found counts.
IMAGE_FORMATS = {
    "yolo": ImageFormat(yolo.LOOKED_FOR, yolo.find, yolo.read),
    "cvat": ImageFormat(cvat.LOOKED_FOR, cvat.find, cvat.read),
    "label-studio": ImageFormat(label_studio.LOOKED_FOR, label_studio.find, label_studio.read),
    "coco": ImageFormat(coco.LOOKED_FOR, coco.find, coco.read),
    "kitti": ImageFormat(kitti.DETECTION_LOOKED_FOR, kitti.find_detection, kitti.read_detection),
    "voc": ImageFormat(voc.LOOKED_FOR, voc.find, voc.read),
}
SEQUENCE_FORMATS = {
    "otb": SequenceFormat(otb.LOOKED_FOR, otb.find, otb.read),
    "mot": SequenceFormat(mot.LOOKED_FOR, mot.find, mot.read),
    "kitti-tracking": SequenceFormat(
        kitti.TRACKING_LOOKED_FOR, kitti.find_tracking, kitti.read_tracking
    ),
    "ua-detrac": SequenceFormat(detrac.LOOKED_FOR, detrac.find, detrac.read),
}
IMAGE_WRITERS = {
    "yolo": yolo_writer.write,
    "coco": coco_writer.write,
    "cvat": cvat.write,
    "label-studio": label_studio.write,
}
FOLDERS = "folders"
FORMATS = (*IMAGE_FORMATS, *SEQUENCE_FORMATS, FOLDERS)
WRITERS = (*IMAGE_WRITERS, "mot")


def guess_format(path: Path | str) -> str:
    """The format of what lies at a path; the DatasetError lists what was looked for."""
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path}: no such file or folder")
    # Sequences first: a sequence may have any JSON beside it, which COCO's finder would take.
    finders = {name: form.find for name, form in (SEQUENCE_FORMATS | IMAGE_FORMATS).items()}
    for name, find in {**finders, FOLDERS: folders.find}.items():
        if find(path):
            return name
    wanted = "; ".join(
        f"{name}: {form.looked_for}"
        for forms in (IMAGE_FORMATS, SEQUENCE_FORMATS)
        for name, form in forms.items()
    )
    raise DatasetError(
        f"{path}: no data set found; looked for {wanted}; {FOLDERS}: {folders.LOOKED_FOR}"
    )


def _check_format(path: Path, form: str | None) -> str:
    if form is not None and form not in FORMATS:
        raise ConfigError(f"unknown format {form!r}{nearest(form, FORMATS)}")
    if form is None:
        return guess_format(path)
    if not path.exists():
        raise DatasetError(f"{path}: no such file or folder")
    return form


def open_dataset(
    path: Path | str,
    split: str | None = None,
    format: str | None = None,  # noqa: A002 - reads as the command's --format
    strict: bool = False,
) -> DetectionDataset:
    """Images with boxes; sequences that are image folders are read frame by frame.

    Args:
        path: a folder, or a description file (data.yaml, COCO's JSON, ...).
        split: only this one.
        format: one of FORMATS; guessed if None.
        strict: the first problem is a DatasetError, "file:line: message"; else problems are
            collected in the data set and what they concern is left out.
    """
    path = Path(path)
    form = _check_format(path, format)
    if form == FOLDERS:
        raise DatasetError(f"{path}: has folders of pictures by class, but no boxes")
    if form in SEQUENCE_FORMATS:
        if split is not None:
            raise DatasetError(f"{path}: {form} sequences have no splits: give the folder of one")
        return frames_dataset(open_sequences(path, form, strict))
    problems = Problems(strict)
    dataset = IMAGE_FORMATS[form].read(path, split, problems)
    return apply_sources(replace(dataset, format=form), problems)


def open_sequences(
    path: Path | str,
    format: str | None = None,  # noqa: A002 - reads as the command's --format
    strict: bool = False,
) -> list[TrackSequence]:
    """The sequences with true tracks at a path: a folder of them, one of them, or a gt.txt."""
    path = Path(path)
    form = _check_format(path, format)
    if form not in SEQUENCE_FORMATS:
        raise DatasetError(
            f"{path}: is {form}, which has no tracks: wanted {', '.join(SEQUENCE_FORMATS)}"
        )
    sequences = SEQUENCE_FORMATS[form].read(path, strict)
    if not sequences:
        raise DatasetError(f"{path}: a {form} data set wants {SEQUENCE_FORMATS[form].looked_for}")
    return sequences


def open_class_folders(
    path: Path | str, split: str | None = None, strict: bool = False
) -> ClassifiedImages:
    """Pictures in folders called like their classes."""
    path = Path(path)
    _check_format(path, FOLDERS)
    return folders.read(path, split, strict)


def open_combined(
    paths: Sequence[Path | str],
    split: str | None = None,
    format: str | None = None,  # noqa: A002 - reads as the command's --format
    class_map: maps.ClassMap | None = None,
    strict: bool = False,
) -> DetectionDataset:
    """Several data sets as one; the class map is applied to the union of their classes."""
    dataset = maps.combine([open_dataset(path, split, format, strict) for path in paths])
    return maps.map_classes(dataset, class_map) if class_map else dataset


def write_dataset(
    dataset: DetectionDataset,
    out: Path | str,
    format: str,  # noqa: A002 - reads as the command's --format
    placement: Placement = Placement.LINK,
    overwrite: bool = False,
) -> Written:
    """Write images with boxes in one of IMAGE_WRITERS' formats."""
    if format == "mot":
        raise DatasetError(f"{dataset.root}: has boxes without identities: MOT wants tracks")
    if format not in IMAGE_WRITERS:
        raise ConfigError(f"cannot write format {format!r}{nearest(format, WRITERS)}")
    return IMAGE_WRITERS[format](dataset, Path(out), placement, overwrite)


def write_sequences(
    sequences: Sequence[TrackSequence],
    out: Path | str,
    placement: Placement = Placement.LINK,
    overwrite: bool = False,
) -> Written:
    """Write sequences as MOTChallenge folders."""
    return mot.write(sequences, Path(out), placement, overwrite)
