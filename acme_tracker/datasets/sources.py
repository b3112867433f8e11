"""sources.json: which classes each part of a data set labels. The rest is unknown there.

    {"SOURCE": {"labelled_classes": ["car", "bus"]}, ...}

A source is the images whose file name begins with its name (the longest that fits counts), or,
where it has `images`, the ones listed there as "split/name". A super-class among the labelled
classes stands for its members, unless it is a class of the data set itself. An image of no source
counts as labelled for all classes, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import nearest
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import read_json
from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.datasets.writing import SOURCES
from acme_tracker.datatypes import ClassList
from acme_tracker.errors import DatasetError


def apply_sources(dataset: DetectionDataset, problems: Problems) -> DetectionDataset:
    """The data set with the masks of the sources.json in its root, if there is one."""
    file = dataset.root / SOURCES
    if not file.is_file():
        return dataset
    masks, listed = _read(file, dataset.classes)
    prefixes = sorted((name for name in masks if name not in set(listed.values())), key=len)
    labelled = dataset.labelled.copy()
    unknown = []
    for number, (split, name) in enumerate(zip(dataset.splits, dataset.names, strict=True)):
        source = listed.get(f"{split or 'train'}/{name}")
        if source is None:
            base = name.rsplit("/", 1)[-1]
            source = next((p for p in reversed(prefixes) if base.startswith(p)), None)
        if source is None:
            unknown.append(name)
        else:
            labelled[number] &= masks[source]
    if unknown:
        problems.warn(file, f"{len(unknown)} images belong to no source, such as {unknown[0]}")
    return replace(dataset, labelled=labelled, problems=tuple(problems.found))


def _read(file: Path, classes: ClassList) -> tuple[dict[str, NDArray[np.bool_]], dict[str, str]]:
    """The mask of each source, and the source of each image that is listed."""
    content = read_json(file)
    if not isinstance(content, dict):
        raise DatasetError(f"{file}: wanted sources by name, got a {type(content).__name__}")
    masks: dict[str, NDArray[np.bool_]] = {}
    listed: dict[str, str] = {}
    for source, described in content.items():
        labelled = described.get("labelled_classes") if isinstance(described, dict) else None
        if not isinstance(labelled, list):
            raise DatasetError(f"{file}: {source}: wanted a list of labelled_classes")
        masks[source] = _mask(f"{file}: {source}", labelled, classes)
        listed |= {image: str(source) for image in _listed(described)}
    return masks, listed


def _listed(described: Mapping[str, Any]) -> list[str]:
    images = described.get("images", [])
    return [str(image) for image in images] if isinstance(images, list) else []


def _mask(where: str, names: list[Any], classes: ClassList) -> NDArray[np.bool_]:
    mask = np.zeros(len(classes), bool)
    for name in map(str, names):
        members = (classes.id_of(name),) if name in classes else classes.members(name)
        if not members:
            raise DatasetError(f"{where}: unknown class {name!r}{nearest(name, classes)}")
        mask[list(members)] = True
    return mask
