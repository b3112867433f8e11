"""Writes YOLO: data.yaml, images/<split>/, labels/<split>/."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from acme_tracker.datasets.types import DetectionDataset, LabelledImage
from acme_tracker.datasets.writing import (
    SOURCES,
    Placement,
    Written,
    output_names,
    place_images,
    prepare,
    region_note,
    write_masks,
)
from acme_tracker.datasets.yolo import label_path


def write(
    dataset: DetectionDataset, out: Path, placement: Placement, overwrite: bool = False
) -> Written:
    """Background gets an empty label file, a wholly unlabelled image none."""
    entries = ("images", "labels", "data.yaml", SOURCES)
    prepare(out, entries, map(Path, dataset.paths), overwrite)
    names = output_names(dataset)
    place_images(dataset, names, out, placement)
    for image, name in zip(dataset, names, strict=True):
        if image.labelled.any() or len(image.xyxy) or not len(dataset.classes):
            file = out / label_path(Path("images", name))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_rows(image), encoding="utf-8")
    splits = dict.fromkeys(name.split("/")[0] for name in names)
    description = {
        "path": ".",
        **{split: f"images/{split}" for split in splits},
        "names": dict(enumerate(dataset.classes)),
    }
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    (out / "data.yaml").write_text(text, encoding="utf-8")
    write_masks(dataset, names, out)
    kept = int((~dataset.boxes.ignore).sum())
    return Written(out, len(dataset), kept, region_note(dataset))


def _rows(image: LabelledImage) -> str:
    """One line a box that is not to ignore."""
    xyxy = image.xyxy[~image.ignore].astype(np.float64)
    if not len(xyxy):
        return ""
    centres, sizes = (xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]
    shares = np.hstack([centres, sizes]) / np.tile(image.size, 2)
    lines = [
        f"{class_id} " + " ".join(f"{value:.8f}" for value in row)
        for class_id, row in zip(image.class_id[~image.ignore], shares, strict=True)
    ]
    return "\n".join(lines) + "\n"
