"""YOLO: data.yaml, images/<split>/*.jpg, labels/<split>/*.txt.

A row is `class x_centre y_centre width height`, all but the class in 0..1 of the image; a row of a
segmentation, `class x y x y x y ...`, counts as the box around it. An image whose label file is
there but empty is background. One without label file is unlabelled: nothing is known about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.config import read_mapping
from acme_tracker.datasets.building import SPLITS, DatasetBuilder, choose_splits, label_lines
from acme_tracker.datasets.images import image_size, is_image, list_images
from acme_tracker.datasets.problems import FileError, Problems
from acme_tracker.datasets.text import numbers, read_lines, whole
from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.errors import ConfigError, DatasetError

LOOKED_FOR = "data.yaml (or another .yaml with names), or images/ with labels/ and classes.txt"
_MOST_CLASSES = 10_000
_NOT_SPLITS = frozenset({"path", "names", "nc", "download"})


def find(path: Path) -> bool:
    """Whether a YOLO data set lies at a folder or is described by a file."""
    if path.is_dir():
        return _yaml_in(path) is not None or (
            (path / "images").is_dir()
            and (path / "labels").is_dir()
            and _names_in(path) is not None
        )
    return path.suffix.lower() in (".yaml", ".yml")


def read(path: Path, split: str | None, problems: Problems) -> DetectionDataset:
    """Every split, or the one wanted."""
    description = path if path.is_file() else _yaml_in(path)
    if description is not None:
        root, names, places = _read_description(description)
    else:
        root, names, places = path, _plain_names(path), _plain_splits(path)
    builder = DatasetBuilder("yolo", root, problems, names)
    for name in choose_splits(places, split, path):
        _read_split(name, places[name], builder)
    return builder.build()


def _yaml_in(folder: Path) -> Path | None:
    """data.yaml, or the only other YAML file that speaks of names."""
    common = [folder / name for name in ("data.yaml", "data.yml", "dataset.yaml")]
    for candidate in common:
        if candidate.is_file():
            return candidate
    files = [f for f in sorted(folder.iterdir()) if f.suffix.lower() in (".yaml", ".yml")]
    speaking = [f for f in files if re.search(rb"^(names|nc)\s*:", f.read_bytes(), re.MULTILINE)]
    return speaking[0] if len(speaking) == 1 else None


def _read_description(path: Path) -> tuple[Path, list[str], dict[str, list[Path]]]:
    """Root, class names, and the folders or list files of each split."""
    try:
        values = read_mapping(path, "data set")
    except ConfigError as error:
        raise DatasetError(str(error)) from None
    root = path.parent / str(values.get("path") or ".")
    if not root.is_dir():  # written on another machine, as `path` often is
        root = path.parent
    keys = [key for key in values if key not in _NOT_SPLITS and _is_place(values[key])]
    places = {key: [_place(root, str(p)) for p in _listed(values[key])] for key in keys}
    known = {k: v for k, v in places.items() if k in SPLITS or all(p.exists() for p in v)}
    if not known:
        raise DatasetError(f"{path}: wanted train:, val: or test: with a folder of images")
    return root, _class_names(path, values), known


def _is_place(value: Any) -> bool:
    return bool(value) and all(isinstance(place, str) for place in _listed(value))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _place(root: Path, text: str) -> Path:
    """A split's path; exports that say `../train` but mean `train` are understood."""
    place = root / text
    inside = root / re.sub(r"^(\.\./)+", "", text)
    return inside if not place.exists() and inside.exists() else place


def _class_names(path: Path, values: dict[str, Any]) -> list[str]:
    names = values.get("names")
    if isinstance(names, str):
        names = [line for _, line in read_lines(path.parent / names)]
    if isinstance(names, dict):
        try:
            numbered = {whole(key): str(name) for key, name in names.items()}
        except ValueError as error:
            raise DatasetError(f"{path}: names must be numbered from 0: {error}") from None
        top = max(numbered, default=-1)
        if top > _MOST_CLASSES or min(numbered, default=0) < 0:
            raise DatasetError(f"{path}: names must be numbered from 0 to at most {_MOST_CLASSES}")
        names = [numbered.get(number, f"class_{number}") for number in range(top + 1)]
    if names is None and isinstance(values.get("nc"), int):
        names = [f"class_{number}" for number in range(values["nc"])]
    if not isinstance(names, list) or not names:
        raise DatasetError(f"{path}: wanted names: a list of classes, got {names!r}")
    names = [str(name) for name in names]
    if len(set(names)) != len(names):
        raise DatasetError(f"{path}: class names must be unique, got {', '.join(names)}")
    return names


def _names_in(folder: Path) -> Path | None:
    candidates = (folder / "classes.txt", folder / "labels" / "classes.txt", folder / "obj.names")
    return next((file for file in candidates if file.is_file()), None)


def _plain_names(folder: Path) -> list[str]:
    file = _names_in(folder)
    if file is None:
        raise DatasetError(f"{folder}: a YOLO data set wants {LOOKED_FOR}")
    return [line for _, line in read_lines(file)]


def _plain_splits(folder: Path) -> dict[str, list[Path]]:
    images = folder / "images"
    inner = [name for name in SPLITS if (images / name).is_dir()]
    return {name: [images / name] for name in inner} or {"": [images]}


def _read_split(split: str, places: Sequence[Path], builder: DatasetBuilder) -> None:
    for place in places:
        if not place.exists():
            builder.problems.error(place, f"images of split {split!r} are missing")
            continue
        images = list(_images_of(place, builder.problems))
        for image, name in images:
            _read_image(image, name, split, builder)
        _report_lone_labels([image for image, _ in images], builder.problems)


def _images_of(place: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    """The pictures of a folder, or those that a text file lists, with their names."""
    if place.is_dir():
        for image in list_images(place):
            yield image, image.relative_to(place).as_posix()
        return
    if is_image(place):
        raise DatasetError(f"{place}: wanted a folder of images or a .txt that lists them")
    for line, text in read_lines(place):
        image = place.parent / text
        if image.is_file():
            yield image, image.name
        else:
            problems.error(place, f"image {text} is missing", line)


def label_path(image: Path) -> Path:
    """images/.../a.jpg -> labels/.../a.txt, at the last `images`; else beside the picture."""
    parts = list(image.parts)
    for number in range(len(parts) - 2, -1, -1):
        if parts[number] == "images":
            parts[number] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _read_image(image: Path, name: str, split: str, builder: DatasetBuilder) -> None:
    try:
        size = image_size(image)
    except FileError as error:
        builder.problems.caught(error)
        return
    labels = label_path(image)
    lines = label_lines(labels, builder.problems)
    builder.image(image, name, split, size, labelled=lines is not None)
    names = builder.class_names
    for line, text in lines or ():
        try:
            class_id, xyxy = _parse_row(text.split(), size)
            if not 0 <= class_id < len(names):
                last = len(names) - 1
                raise ValueError(f"class {class_id} is none of 0..{last} ({', '.join(names)})")
            builder.box(xyxy, names[class_id])
        except ValueError as error:
            builder.lost_box(labels, str(error), line)


def _parse_row(words: list[str], size: tuple[int, int]) -> tuple[int, list[float]]:
    """class_id and xyxy in pixels."""
    if len(words) != 5 and (len(words) < 7 or len(words) % 2 == 0):
        raise ValueError(
            f"row must be `class x_centre y_centre width height` (or a polygon), got {len(words)}"
            " values"
        )
    class_id, values = whole(words[0]), numbers(words[1:])
    points = np.array(values).reshape(-1, 2)
    if len(points) == 2:
        points = np.stack([points[0] - points[1] / 2, points[0] + points[1] / 2])
    middle = (points.min(0) + points.max(0)) / 2
    if not ((middle >= 0) & (middle <= 1)).all():
        raise ValueError("box must lie in 0..1 of the image, got " + " ".join(words[1:5]))
    if len(values) == 4 and min(values[2:]) <= 0:
        raise ValueError(f"box must be wider and higher than 0, got {words[3]} x {words[4]}")
    pixels = points * np.array(size)
    return class_id, [*pixels.min(0), *pixels.max(0)]


def _report_lone_labels(images: Sequence[Path], problems: Problems) -> None:
    expected = {label_path(image) for image in images}
    for folder in sorted({labels.parent for labels in expected}):
        for file in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
            if file not in expected and file.name not in ("classes.txt", "README.txt"):
                problems.warn(file, "label file without an image")
