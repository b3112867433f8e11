"""Gathers what a reader finds, row by row, into the parallel arrays of a data set."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from acme_tracker.config import nearest
from acme_tracker.datasets.images import image_size
from acme_tracker.datasets.problems import FileError, Problems
from acme_tracker.datasets.text import read_lines
from acme_tracker.datasets.types import (
    REGION,
    DetectionDataset,
    LabelledBoxes,
)
from acme_tracker.datatypes import ClassList, TrackRows
from acme_tracker.errors import DatasetError

_FARTHEST_PX = 1_000_000  # whatever is farther is no pixel
SPLITS = ("train", "val", "valid", "test")  # what folders and lists of them are called
# Names under which label formats keep regions in which nothing is labelled.
REGION_NAMES = frozenset({"ignore", "ignored", "ignored_region", "dontcare"})


def choose_splits(there: Iterable[str], wanted: str | None, where: Path) -> list[str]:
    """All splits, or the wanted one: `val` also finds `val2017` and `valid`."""
    names = list(there)
    if wanted is None or wanted in names:
        return names if wanted is None else [wanted]
    plain = {name.rstrip("0123456789").replace("valid", "val"): name for name in names}
    if wanted.replace("valid", "val") in plain:
        return [plain[wanted.replace("valid", "val")]]
    hint = nearest(wanted, filter(None, names)) if any(names) else "; it has no splits"
    raise DatasetError(f"{where}: no split {wanted!r}{hint}")


def label_lines(path: Path, problems: Problems) -> list[tuple[int, str]] | None:
    """The lines of one image's label file; None, with a problem, if nothing is known of it."""
    try:
        return read_lines(path)
    except FileError as error:
        if path.exists():
            problems.caught(error)
        else:
            problems.warn(path, "label file is missing: its image is taken as unlabelled")
    return None


def first_size(pictures: Sequence[Path], problems: Problems) -> tuple[int, int] | None:
    """(width, height) of a sequence by its first picture."""
    try:
        return image_size(pictures[0]) if pictures else None
    except FileError as error:
        problems.caught(error)
        return None


def _checked(xyxy: Sequence[float]) -> Sequence[float]:
    """The box; ValueError if it is none."""
    left, top, right, bottom = xyxy
    if not (right > left and bottom > top):
        size = f"{right - left:g} x {bottom - top:g}"
        raise ValueError(f"box must be wider and higher than 0, got {size}")
    if max(map(abs, xyxy)) > _FARTHEST_PX:
        raise ValueError(f"box must lie within {_FARTHEST_PX} pixels, got {max(map(abs, xyxy)):g}")
    return xyxy


class DatasetBuilder:
    """Images one after the other, each followed by its boxes.

    Without `classes` the class names are those that come, in alphabetical order.
    """

    def __init__(self, form: str, root: Path, problems: Problems, classes: Sequence[str] | None):
        self.form, self.root, self.problems = form, root, problems
        self._fixed = classes is not None
        self._ids = {name: number for number, name in enumerate(classes or ())}
        self._images: list[tuple[str, str, str, bool]] = []
        self._sizes = array("i")
        self._image, self._class = array("q"), array("q")
        self._xyxy, self._ignore = array("f"), array("b")

    @property
    def class_names(self) -> list[str]:
        """Those known so far, in the order of their ids."""
        return list(self._ids)

    def image(
        self,
        path: Path | str,
        name: str,
        split: str = "",
        size: tuple[int, int] | None = None,
        labelled: bool = True,
    ) -> None:
        """Begin an image; the boxes that follow are on it."""
        self._images.append((str(path), name.replace("\\", "/"), split, labelled))
        self._sizes.extend(size or (0, 0))

    def box(self, xyxy: Sequence[float], class_name: str, ignore: bool = False) -> None:
        """A box on the last image; ValueError if it is no box or its class is unknown."""
        left, top, right, bottom = _checked(xyxy)
        region = class_name.lower() in REGION_NAMES and class_name not in self._ids
        number = REGION if region else self._class_id(class_name)
        self._image.append(len(self._images) - 1)
        self._xyxy.extend((left, top, right, bottom))
        self._class.append(number)
        self._ignore.append(ignore or region)

    def lost_box(self, place: Path, why: str, line: int | None = None) -> None:
        """A box on the last image cannot be read: nobody knows what else is on that image."""
        self.problems.error(place, why, line)
        self._images[-1] = (*self._images[-1][:3], False)

    def _class_id(self, name: str) -> int:
        if name not in self._ids:
            if self._fixed:
                raise ValueError(f"unknown class {name!r}{nearest(name, self._ids)}")
            self._ids[name] = len(self._ids)
        return self._ids[name]

    def build(self) -> DetectionDataset:
        """The data set; DatasetError if there is no image."""
        if not self._images:
            first = f"; first problem: {self.problems.found[0]}" if self.problems.found else ""
            raise DatasetError(f"{self.root}: no images found for its {self.form} labels{first}")
        names = list(self._ids) if self._fixed else sorted(self._ids)
        rank = np.array([names.index(name) for name in self._ids] + [REGION], np.int64)
        paths, names_of_images, splits, labelled = zip(*self._images, strict=True)
        boxes = LabelledBoxes(
            np.array(self._image, np.int64),
            np.array(self._xyxy, np.float32).reshape(-1, 4),
            rank[np.array(self._class, np.int64)],  # REGION, -1, picks the last: itself
            np.array(self._ignore, np.int8).astype(bool),
        )
        return DetectionDataset(
            self.form,
            self.root,
            ClassList(tuple(names)),
            paths,
            names_of_images,
            splits,
            np.array(self._sizes, np.int32).reshape(-1, 2),
            np.repeat(np.array(labelled, bool)[:, None], len(names), axis=1),
            boxes,
            tuple(self.problems.found),
        )


class RowsBuilder:
    """The rows of one sequence's truth."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._whole = array("q")  # frame_index, track_id, class_id, scored
        self._real = array("d")  # left, top, right, bottom, visibility

    def row(
        self,
        frame_index: int,
        track_id: int,
        xyxy: Sequence[float],
        class_id: int,
        scored: bool = True,
        visibility: float = 1.0,
    ) -> None:
        """One box; ValueError if it is none."""
        left, top, right, bottom = _checked(xyxy)
        if frame_index < 0:
            raise ValueError("frame number is before the first frame")
        if track_id >= 0 and (frame_index, track_id) in self._seen:
            raise ValueError(f"track {track_id} is twice on the same frame")
        self._seen.add((frame_index, track_id))
        self._whole.extend((frame_index, track_id, class_id, scored))
        self._real.extend((left, top, right, bottom, visibility))

    def build(self) -> TrackRows:
        """In the order of the frames, and of the file within a frame."""
        whole = np.array(self._whole, np.int64).reshape(-1, 4)
        real = np.array(self._real, np.float64).reshape(-1, 5)
        order = np.argsort(whole[:, 0], kind="stable")
        whole, real = whole[order], real[order]
        return TrackRows(
            frame_index=whole[:, 0],
            track_id=whole[:, 1],
            xyxy=real[:, :4].astype(np.float32),
            class_id=whole[:, 2],
            score=np.ones(len(whole), np.float32),
            scored=whole[:, 3].astype(bool),
            visibility=real[:, 4].astype(np.float32),
        )
