"""Writes YOLO: data.yaml, images/<split>/, labels/<split>/."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datasets.types import DetectionDataset, LabelledImage
from acme_tracker.datasets.writing import (
    SOURCES,
    Left,
    Placement,
    Written,
    output_names,
    place_images,
    prepare,
    region_note,
    write_masks,
)
from acme_tracker.datasets.yolo import label_path
from acme_tracker.datatypes import Boxes

_ROUNDING = 1e-6  # of a box's edges, in shares of the picture


def write(
    dataset: DetectionDataset, out: Path, placement: Placement, overwrite: bool = False
) -> Written:
    """Background gets an empty label file, a wholly unlabelled image none."""
    entries = ("images", "labels", "data.yaml", SOURCES)
    prepare(out, entries, map(Path, dataset.paths), overwrite)
    names = output_names(dataset)
    place_images(dataset, names, out, placement)
    kept = 0
    for image, name in zip(dataset, names, strict=True):
        if image.labelled.any() or len(image.xyxy) or not len(dataset.classes):
            file = out / label_path(Path("images", name))
            file.parent.mkdir(parents=True, exist_ok=True)
            rows = _rows(image)
            file.write_text("".join(rows), encoding="utf-8")
            kept += len(rows)
    splits = dict.fromkeys(name.split("/")[0] for name in names)
    description = {
        "path": ".",
        **{split: f"images/{split}" for split in splits},
        "names": dict(enumerate(dataset.classes)),
    }
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    (out / "data.yaml").write_text(text, encoding="utf-8")
    write_masks(dataset, names, out)
    outside = int((~dataset.boxes.ignore).sum()) - kept
    notes = (Left("boxes outside of their images", outside),) if outside else ()
    return Written(out, len(dataset), kept, (*region_note(dataset), *notes))


def _rows(image: LabelledImage) -> list[str]:
    """One line a box that is not to ignore.

    Where a box's centre is outside of the picture, readers refuse the row: it is cut.
    """
    shares = _shares(image.xyxy, image.size)
    outside = np.any((shares[:, :2] < -_ROUNDING) | (shares[:, :2] > 1 + _ROUNDING), axis=1)
    shares[outside] = _shares(boxes.clip(image.xyxy[outside], image.size), image.size)
    shares[:, :2] = np.clip(shares[:, :2], 0, 1)
    kept = ~image.ignore & np.all(shares[:, 2:] > 0, axis=1)
    return [
        f"{class_id} " + " ".join(f"{value:.8f}" for value in row) + "\n"
        for class_id, row in zip(image.class_id[kept], shares[kept], strict=True)
    ]


def _shares(xyxy: Boxes, size: tuple[int, int]) -> NDArray[np.float64]:
    """(N, 4) -> (N, 4) centre and size, in shares of the picture."""
    box = xyxy.astype(np.float64)
    centres, sizes = (box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]
    return np.asarray(np.hstack([centres / size, sizes / size]))
