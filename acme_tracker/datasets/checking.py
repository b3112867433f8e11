"""What was understood of a data set, and what looks wrong with it, as plain values."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datasets.images import decode_image, image_size
from acme_tracker.datasets.problems import FileError, Problem, Problems, Severity
from acme_tracker.datasets.types import REGION, DetectionDataset

SMALL_PX2, MEDIUM_PX2 = 32**2, 96**2  # COCO's limits of box area
HEIGHT_LIMITS_PX = (8, 16, 32, 64, 128)
_SPILL_PX = 1.0  # rounding of normalised labels
_ABSURD_ASPECT = 20.0


@dataclass(frozen=True)
class ClassReport:
    """One class: boxes to ignore are counted apart and are in no size.

    Attributes:
        labelled_images: images on which the class is labelled.
        images: images with a box of it.
        by_area: small, medium, large as COCO says (32 and 96 pixels squared).
        by_height: boxes lower than each of HEIGHT_LIMITS_PX, and the rest.
    """

    name: str
    labelled_images: int
    images: int
    boxes: int
    ignored: int
    by_area: tuple[int, int, int]
    by_height: tuple[int, ...]


@dataclass(frozen=True)
class DatasetReport:
    """What `check_dataset` found.

    Attributes:
        splits: images of each.
        background_images: labelled for some class, and without boxes.
        unlabelled_images: nothing is known of them.
        regions: boxes to ignore that have no class.
        duplicates: groups of images with the same content; `leaks` those across splits.
        problems: from reading and from checking.
    """

    format: str
    root: str
    images: int
    splits: dict[str, int]
    boxes: int
    background_images: int
    unlabelled_images: int
    regions: int
    classes: tuple[ClassReport, ...]
    duplicates: tuple[tuple[str, ...], ...]
    leaks: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]

    @property
    def unlabelled_classes(self) -> dict[str, int]:
        """Classes that are not labelled everywhere, with the number of images that lack them."""
        lacking = {c.name: self.images - c.labelled_images for c in self.classes}
        return {name: count for name, count in lacking.items() if count}


def check_dataset(
    dataset: DetectionDataset,
    decode: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> DatasetReport:
    """Read every image's header and hash its content; with `decode`, its pixels too.

    `progress` is told the number of images done after each.
    """
    problems = Problems()
    sizes, hashes = _look_at_files(dataset, decode, problems, progress)
    _check_boxes(replace(dataset, sizes=sizes), problems)
    _check_masks(dataset, problems)
    groups = _same(hashes, dataset)
    leaks = tuple(
        tuple(dataset.paths[i] for i in group)
        for group in groups
        if len({dataset.splits[i] for i in group}) > 1
    )
    names, counts = np.unique(np.array(dataset.splits, object).astype(str), return_counts=True)
    per_image = np.diff(dataset.offsets)
    return DatasetReport(
        dataset.format,
        str(dataset.root),
        len(dataset),
        dict(zip(names.tolist(), counts.tolist(), strict=True)),
        len(dataset.boxes),
        int(((per_image == 0) & dataset.labelled.any(axis=1)).sum()),
        int((~dataset.labelled.any(axis=1)).sum()),
        int((dataset.boxes.class_id == REGION).sum()),
        tuple(_count_class(dataset, number) for number in range(len(dataset.classes))),
        tuple(tuple(dataset.paths[i] for i in group) for group in groups),
        leaks,
        (*dataset.problems, *problems.found),
    )


def _look_at_files(
    dataset: DetectionDataset, decode: bool, problems: Problems, progress: Callable[[int], None]
) -> tuple[NDArray[np.int32], list[bytes]]:
    """Sizes as the files say, and a digest of each file; b"" for those that cannot be read."""
    sizes, hashes = dataset.sizes.copy(), []
    for number, path in enumerate(dataset.paths):
        digest = b""
        try:
            size = image_size(path)
            if decode:
                decode_image(path)
            digest = hashlib.blake2b(Path(path).read_bytes(), digest_size=16).digest()
            if sizes[number].all() and tuple(sizes[number]) != size:
                said, got = "x".join(map(str, sizes[number])), "x".join(map(str, size))
                problems.warn(path, f"image is {got}, but its labels say {said}")
            sizes[number] = size
        except FileError as error:
            problems.caught(error)
        except OSError as error:
            problems.error(path, f"image cannot be read: {error.strerror}")
        hashes.append(digest)
        progress(number + 1)
    return sizes, hashes


def _same(hashes: list[bytes], dataset: DetectionDataset) -> list[list[int]]:
    """Groups of images with equal content; the same file twice is not a copy."""
    groups: defaultdict[bytes, dict[tuple[str, str], int]] = defaultdict(dict)
    for number, digest in enumerate(hashes):
        if digest:
            groups[digest].setdefault((dataset.paths[number], dataset.splits[number]), number)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _count_class(dataset: DetectionDataset, number: int) -> ClassReport:
    mine = dataset.boxes[dataset.boxes.class_id == number]
    counted = mine[~mine.ignore]
    areas = np.searchsorted((SMALL_PX2, MEDIUM_PX2), boxes.areas(counted.xyxy), side="right")
    heights = np.searchsorted(HEIGHT_LIMITS_PX, boxes.sizes(counted.xyxy)[:, 1], side="right")
    small, medium, large = np.bincount(areas, minlength=3).tolist()
    return ClassReport(
        dataset.classes.names[number],
        int(dataset.labelled[:, number].sum()),
        len(np.unique(mine.image)),
        len(counted),
        len(mine) - len(counted),
        (small, medium, large),
        tuple(np.bincount(heights, minlength=len(HEIGHT_LIMITS_PX) + 1).tolist()),
    )


def _check_boxes(dataset: DetectionDataset, problems: Problems) -> None:
    """Boxes outside the image, absurd ones, and the same one twice."""
    for wrong, message, severity in _box_faults(dataset):
        for row in np.flatnonzero(wrong):
            image = dataset.boxes.image[row]
            edges = " ".join(f"{edge:.1f}" for edge in dataset.boxes.xyxy[row])
            add = problems.error if severity is Severity.ERROR else problems.warn
            add(dataset.paths[image], f"box {edges} {message}")


def _box_faults(
    dataset: DetectionDataset,
) -> Iterator[tuple[NDArray[np.bool_], str, Severity]]:
    """(N,) which boxes are at fault, with what is wrong with them."""
    table = dataset.boxes
    xyxy, limits = table.xyxy, dataset.sizes[table.image].astype(np.float32)
    known = limits.all(axis=1)
    beyond = (xyxy[:, 2:] <= 0) | (xyxy[:, :2] >= limits)
    outside: NDArray[np.bool_] = known & np.any(beyond, axis=1)
    spill = (xyxy[:, :2] < -_SPILL_PX) | (xyxy[:, 2:] > limits + _SPILL_PX)
    yield outside, "lies outside the image", Severity.ERROR
    sticking: NDArray[np.bool_] = known & np.any(spill, axis=1) & ~outside
    yield sticking, "sticks out of the image", Severity.WARNING
    real = ~table.ignore
    width, height = boxes.sizes(xyxy).T
    tiny = real & ((width < 1) | (height < 1))
    long = np.maximum(width, height) > _ABSURD_ASPECT * np.minimum(width, height)
    yield tiny, "is less than a pixel wide or high", Severity.WARNING
    aspect = f"is over {_ABSURD_ASPECT:g} times as long as wide"
    yield real & long & ~tiny, aspect, Severity.WARNING
    rows = np.column_stack([table.image, table.class_id, np.round(xyxy.astype(np.float64), 1)])
    again = np.ones(len(rows), bool)
    again[np.unique(rows, axis=0, return_index=True)[1]] = False
    yield again & real, "is there twice", Severity.WARNING


def _check_masks(dataset: DetectionDataset, problems: Problems) -> None:
    """Boxes of a class that is not labelled there are used, but say so."""
    table = dataset.boxes[~dataset.boxes.ignore]
    odd = table[~dataset.labelled[table.image, table.class_id]]
    for class_id in np.unique(odd.class_id):
        rows = odd[odd.class_id == class_id]
        name, first = dataset.classes.names[class_id], dataset.paths[rows.image[0]]
        images = len(np.unique(rows.image))
        message = (
            f"{images} images have a {name}, but are said not to label it; the first is {first}"
        )
        problems.warn(dataset.root, message)
