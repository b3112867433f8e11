"""COCO: one JSON of images, annotations and categories a split. `iscrowd` boxes are to ignore.

Pictures are looked for beside the JSON, beside its folder, in images/ of either, and there in a
folder called like the split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from acme_tracker.datasets.building import DatasetBuilder, choose_splits
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import numbers, read_json, whole
from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.errors import DatasetError

LOOKED_FOR = "*.json or annotations/*.json with images, annotations and categories"
_OTHERS = ("captions", "person_keypoints", "panoptic", "sources", "image_info", "results")


def find(path: Path) -> bool:
    """Whether COCO files lie at a folder, or this file is one."""
    return bool(_files(path))


def read(path: Path, split: str | None, problems: Problems) -> DetectionDataset:
    """Every split, or the one wanted."""
    files = {_split_of(file, path): file for file in _files(path)}
    if not files:
        raise DatasetError(f"{path}: a COCO data set wants {LOOKED_FOR}")
    chosen = choose_splits(files, split, path)
    loaded = {name: _load(files[name]) for name in chosen}
    names = _all_names(loaded.values(), [files[name] for name in chosen])
    root = path if path.is_dir() else path.parent
    root = root.parent if root.name == "annotations" else root
    builder = DatasetBuilder("coco", root, problems, names)
    for name in chosen:
        _read_file(files[name], loaded[name], name, builder)
    return builder.build()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if _begins_like_coco(path) else []
    found = [*path.glob("*.json"), *path.glob("annotations/*.json"), *path.glob("*/_annotations*")]
    instances = [file for file in found if file.name.startswith("instances")]
    return sorted(file for file in instances or found if _begins_like_coco(file))


def _begins_like_coco(path: Path) -> bool:
    """An object, not a list, not one of COCO's other kinds: without reading a large file whole."""
    if path.suffix.lower() != ".json" or path.name.startswith(_OTHERS):
        return False
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"{", b"\xff\xfe{", b"\xfe\xff"))


def _split_of(file: Path, root: Path) -> str:
    """instances_train2017.json -> train2017; train/_annotations.coco.json -> train."""
    if file.name.startswith("_annotations"):
        return "" if file.parent == root else file.parent.name
    stem = file.stem
    for prefix in ("instances_", "annotations_"):
        stem = stem.removeprefix(prefix)
    return "" if stem in ("instances", "annotations", "labels", "coco", "result") else stem


def _load(path: Path) -> dict[str, Any]:
    content = read_json(path)
    for key in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise DatasetError(f"{path}: wanted a list of {key}, as COCO files have")
    return dict(content)


def _all_names(contents: Iterable[Mapping[str, Any]], files: Iterable[Path]) -> list[str]:
    """Class names of all files in the order of the category ids."""
    names: dict[str, None] = {}
    for content, file in zip(contents, files, strict=True):
        try:
            numbered = {whole(c["id"]): str(c["name"]) for c in content["categories"]}
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{file}: categories must have id and name: {error}") from None
        if len(set(numbered.values())) != len(content["categories"]):
            raise DatasetError(f"{file}: categories must have unique ids and names")
        names.update(dict.fromkeys(numbered[number] for number in sorted(numbered)))
    return [name for name in names if name != "ignore"]


def _read_file(file: Path, content: dict[str, Any], split: str, builder: DatasetBuilder) -> None:
    names = {whole(c["id"]): str(c["name"]) for c in content["categories"]}
    by_image: defaultdict[Any, list[tuple[int, Any]]] = defaultdict(list)
    for number, annotation in enumerate(content["annotations"]):
        owner = annotation.get("image_id") if isinstance(annotation, dict) else None
        by_image[str(owner)].append((number, annotation))
    base = image_folder(file, split, content["images"])
    twice = _twice(content["images"])
    for number, image in enumerate(content["images"]):
        try:
            key, name = str(image["id"]), str(image["file_name"]).replace("\\", "/")
        except (KeyError, TypeError):
            builder.problems.error(file, f"images[{number}]: wanted id and file_name")
            continue
        annotations = by_image.pop(key, [])
        if key in twice:
            builder.problems.error(
                file, f"images[{number}]: another image has its id, {key}: whose boxes is unknown"
            )
            continue
        if not (base / name).is_file():
            builder.problems.error(base / name, "image is missing")
            continue
        builder.image(base / name, name, split, _size(image))
        for place, annotation in annotations:
            _read_box(file, place, annotation, names, builder)
    for orphans in by_image.values():
        builder.problems.error(file, f"annotations[{orphans[0][0]}]: its image_id is not in images")


def _twice(images: Iterable[Any]) -> set[str]:
    """The ids that several of the images have."""
    count = Counter(str(image.get("id")) for image in images if isinstance(image, dict))
    return {key for key, times in count.items() if times > 1}


def _size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    try:
        width, height = whole(image["width"]), whole(image["height"])
    except (KeyError, ValueError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _read_box(
    file: Path, number: int, annotation: Any, names: Mapping[int, str], builder: DatasetBuilder
) -> None:
    try:
        left, top, width, height = numbers(annotation["bbox"])
        category = whole(annotation["category_id"])
        if category not in names:
            raise ValueError(f"category_id {category} is not in categories")
        ignore = bool(annotation.get("iscrowd") or annotation.get("ignore"))
        builder.box((left, top, left + width, top + height), names[category], ignore)
    except KeyError as error:
        builder.lost_box(file, f"annotations[{number}]: wanted {error.args[0]}")
    except (TypeError, ValueError) as error:
        builder.lost_box(file, f"annotations[{number}]: {error}")


def image_folder(file: Path, split: str, images: list[Any]) -> Path:
    """The folder that file names are relative to: the first that has one of the first images."""
    names = (str(image.get("file_name")) for image in images[:20] if isinstance(image, dict))
    wanted = [name.replace("\\", "/") for name in names]
    near = [file.parent, file.parent.parent]
    bases = [base / inner for base in near for inner in ("", "images", split, f"images/{split}")]
    for base in bases:
        if any((base / name).is_file() for name in wanted):
            return base
    return file.parent
