"""What a reader gives: images with boxes, or sequences with identities, as parallel arrays."""

from __future__ import annotations

import collections.abc as abc
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datasets.images import image_size
from acme_tracker.datasets.problems import Problem
from acme_tracker.datatypes import Boxes, ClassList, TrackRows
from acme_tracker.tables import Table

REGION = -1  # class_id of an ignored region: a part of the picture where anything may be


@dataclass(frozen=True, eq=False)
class LabelledBoxes(Table):
    """The boxes of a whole data set, image by image.

    Attributes:
        image: (N,) index of the image, never falling.
        xyxy: (N, 4) float32, pixels of the image as shown; may stick out of it.
        class_id: (N,) into the data set's classes; REGION (-1) only where `ignore` is set.
        ignore: (N,) bool: crowds, difficult objects, ignored regions. To find one is neither right
            nor wrong, and there is nothing to learn there.
    """

    image: NDArray[np.int64]
    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = self._check("image", np.int64)
        self._check("xyxy", np.float32, 4, like=count)
        self._check("class_id", np.int64, like=count)
        self._check("ignore", np.bool_, like=count)


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """One image of a data set.

    Attributes:
        path: the picture's file.
        name: what its data set calls it: a path relative to the folder of its split.
        split: "train", "val", ...; "" where the data set has none.
        xyxy: (N, 4) float32; class_id: (N,); ignore: (N,) bool, as in LabelledBoxes.
        labelled: (C,) bool: every object of these classes has a box. The others are unknown, not
            background: no loss, no false positives.
        stored_size: (width, height) that the labels or the reader knew, None if neither.
    """

    path: Path
    name: str
    split: str
    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    stored_size: tuple[int, int] | None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), read from the file's header if it is not known yet."""
        return self.stored_size or image_size(self.path)


@dataclass(frozen=True, eq=False)
class DetectionDataset:
    """Images with boxes, and which classes are labelled on each. Pickles; cheap at 100,000 images.

    `labelled[i, c]` says that every object of class c on image i has a box. An image without labels
    has a row of False; one that is known to be empty (background) a row of True and no boxes. A
    super-class and its members are classes of their own here: where "vehicle" is labelled, "car" is
    not, as nothing says which vehicles are cars (`maps.map_classes` brings them together).

    Attributes:
        format: the reader's name.
        root: folder of the data set.
        classes: what class_id indexes.
        paths: (I) picture files.
        names: (I) see LabelledImage.
        splits: (I) see LabelledImage.
        sizes: (I, 2) int32 width and height; 0 where not known yet.
        labelled: (I, C) bool.
        boxes: of all images.
        problems: what was wrong while reading.
    """

    format: str
    root: Path
    classes: ClassList
    paths: tuple[str, ...]
    names: tuple[str, ...]
    splits: tuple[str, ...]
    sizes: NDArray[np.int32]
    labelled: NDArray[np.bool_]
    boxes: LabelledBoxes
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        images, classes = len(self.paths), len(self.classes)
        if self.labelled.shape != (images, classes):
            raise ValueError(f"labelled must be ({images}, {classes}), got {self.labelled.shape}")
        if self.sizes.shape != (images, 2):
            raise ValueError(f"sizes must have shape ({images}, 2), got {self.sizes.shape}")
        if not len(self.names) == len(self.splits) == images:
            raise ValueError(f"names and splits must be {images} each")
        if np.any(np.diff(self.boxes.image) < 0):
            raise ValueError("boxes must be in the order of their images")
        if np.any((self.boxes.class_id == REGION) & ~self.boxes.ignore):
            raise ValueError("a box without class must be one to ignore")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> LabelledImage:
        if not 0 <= index < len(self):  # also ends iteration
            raise IndexError(f"image {index} of {len(self)}")
        rows = slice(self.offsets[index], self.offsets[index + 1])
        width, height = (int(side) for side in self.sizes[index])
        return LabelledImage(
            Path(self.paths[index]),
            self.names[index],
            self.splits[index],
            self.boxes.xyxy[rows],
            self.boxes.class_id[rows],
            self.boxes.ignore[rows],
            self.labelled[index],
            (width, height) if width and height else None,
        )

    def __iter__(self) -> abc.Iterator[LabelledImage]:
        return (self[index] for index in range(len(self)))

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """(I + 1,): image i has the boxes offsets[i]:offsets[i + 1]."""
        return np.searchsorted(self.boxes.image, np.arange(len(self) + 1)).astype(np.int64)

    def subset(self, images: abc.Sequence[int] | NDArray[np.intp]) -> DetectionDataset:
        """The images of these indices, in this order, with their boxes."""
        wanted = np.asarray(images, np.intp).reshape(-1)
        counts = np.diff(self.offsets)[wanted]
        firsts = np.repeat(self.offsets[wanted] - (np.cumsum(counts) - counts), counts)
        boxes = self.boxes[firsts + np.arange(counts.sum())]
        owners = np.repeat(np.arange(len(wanted)), counts)
        return replace(
            self,
            paths=tuple(self.paths[i] for i in wanted),
            names=tuple(self.names[i] for i in wanted),
            splits=tuple(self.splits[i] for i in wanted),
            sizes=self.sizes[wanted],
            labelled=self.labelled[wanted],
            boxes=replace(boxes, image=owners),
        )

    def split(self, name: str) -> DetectionDataset:
        """The images of one split."""
        return self.subset([i for i, split in enumerate(self.splits) if split == name])


@dataclass(frozen=True, eq=False)
class Sequence:
    """A video, or a folder of its frames, with the true tracks.

    Attributes:
        name: of its folder or file.
        path: video file or image folder; None if only the truth is there.
        frame_rate: frames a second, None where nothing says.
        size: (width, height), None where nothing says.
        length: number of frames.
        classes: what class_id indexes.
        rows: the truth; rows with `scored` False and class_id -1 are regions to ignore.
        format: the reader's name.
        problems: what was wrong while reading.
    """

    name: str
    path: Path | None
    frame_rate: float | None
    size: tuple[int, int] | None
    length: int
    classes: ClassList
    rows: TrackRows
    format: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, eq=False)
class ClassifiedImages:
    """Image folders by class: pictures of one object each, without boxes.

    Attributes:
        classes: the folders' names.
        paths: (I) picture files; splits: (I) "" where there are none.
        class_id: (I,).
        problems: what was wrong while reading.
    """

    root: Path
    classes: ClassList
    paths: tuple[str, ...]
    splits: tuple[str, ...]
    class_id: NDArray[np.int64]
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)
