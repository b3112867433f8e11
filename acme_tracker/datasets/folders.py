"""Image folders by class: <class>/*.jpg or {train,val,test}/<class>/*.jpg, for classifiers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acme_tracker.datasets.building import SPLITS, choose_splits
from acme_tracker.datasets.images import list_images
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.types import ClassifiedImages
from acme_tracker.datatypes import ClassList
from acme_tracker.errors import DatasetError

LOOKED_FOR = "folders of pictures called like their classes"


def find(path: Path) -> bool:
    """Whether each picture lies in a folder that can name its class."""
    if not path.is_dir():
        return False
    folders = [folder for home in _homes(path).values() for folder in _classes_in(home)]
    return any(list_images(folder) for folder in folders)


def read(path: Path, split: str | None = None, strict: bool = False) -> ClassifiedImages:
    """Every split, or the one wanted; classes in alphabetical order."""
    problems = Problems(strict)
    homes = _homes(path)
    names = sorted({folder.name for home in homes.values() for folder in _classes_in(home)})
    paths, splits, class_id = [], [], []
    for chosen in choose_splits(homes, split, path):
        for folder in _classes_in(homes[chosen]):
            images = list_images(folder)
            if not images:
                problems.warn(folder, "class folder without images")
            paths += [str(image) for image in images]
            splits += [chosen] * len(images)
            class_id += [names.index(folder.name)] * len(images)
        for image in list_images(homes[chosen], deep=False):
            problems.error(image, "image in no class folder")
    if not paths:
        raise DatasetError(f"{path}: wanted {LOOKED_FOR}, found no picture in one")
    return ClassifiedImages(
        path,
        ClassList(tuple(names)),
        tuple(paths),
        tuple(splits),
        np.array(class_id, np.int64),
        tuple(problems.found),
    )


def _homes(path: Path) -> dict[str, Path]:
    inner = {name: path / name for name in SPLITS if (path / name).is_dir()}
    return inner or {"": path}


def _classes_in(home: Path) -> list[Path]:
    return sorted(f for f in home.iterdir() if f.is_dir() and not f.name.startswith("."))
