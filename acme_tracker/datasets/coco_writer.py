"""Writes COCO: annotations/instances_<split>.json, images/<split>/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acme_tracker.datasets.types import REGION, DetectionDataset
from acme_tracker.datasets.writing import (
    SOURCES,
    Placement,
    Written,
    output_names,
    place_images,
    prepare,
    write_json,
    write_masks,
)


def write(
    dataset: DetectionDataset, out: Path, placement: Placement, overwrite: bool = False
) -> Written:
    """Boxes to ignore become crowds; regions without class, crowds of a category "ignore"."""
    entries = ("images", "annotations", SOURCES)
    prepare(out, entries, map(Path, dataset.paths), overwrite)
    names = output_names(dataset)
    place_images(dataset, names, out, placement)
    write_labels(dataset, names, out)
    return Written(out, len(dataset), len(dataset.boxes))


def write_labels(dataset: DetectionDataset, names: Sequence[str], out: Path) -> None:
    """The annotations and masks of pictures that lie at images/<name> already, written anew."""
    contents: dict[str, dict[str, list[Any]]] = {}
    for number, (image, name) in enumerate(zip(dataset, names, strict=True), 1):
        split, _, file_name = name.partition("/")
        categories = _categories(dataset)
        empty: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": categories}
        content = contents.setdefault(split, empty)
        width, height = image.size
        content["images"].append(
            {"id": number, "file_name": file_name, "width": width, "height": height}
        )
        content["annotations"] += [
            _annotation(len(content["annotations"]) + i, number, *row, len(dataset.classes))
            for i, row in enumerate(
                zip(image.xyxy.tolist(), image.class_id.tolist(), image.ignore, strict=True), 1
            )
        ]
    (out / "annotations").mkdir(exist_ok=True)
    for split, content in contents.items():
        write_json(out / "annotations" / f"instances_{split}.json", content)
    write_masks(dataset, names, out)


def _categories(dataset: DetectionDataset) -> list[dict[str, Any]]:
    categories = [{"id": number, "name": name} for number, name in enumerate(dataset.classes, 1)]
    if (dataset.boxes.class_id == REGION).any():
        categories.append({"id": len(categories) + 1, "name": "ignore"})
    return categories


def _annotation(
    number: int, image: int, xyxy: list[float], class_id: int, ignore: bool, classes: int
) -> dict[str, Any]:
    left, top, right, bottom = xyxy
    width, height = right - left, bottom - top
    return {
        "id": number,
        "image_id": image,
        "category_id": (classes if class_id == REGION else class_id) + 1,
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": int(ignore),
    }
