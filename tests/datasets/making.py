"""Small pictures, label files and data sets for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acme_tracker.datasets.types import DetectionDataset, LabelledBoxes
from acme_tracker.datatypes import ClassList

SHARED = Path(__file__).parents[2] / "../shared/data"


def picture(path: Path, size: tuple[int, int] = (64, 48), shade: int = 90) -> Path:
    """A picture file of (width, height), whatever its name's suffix."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    form = "PNG" if path.suffix.lower() == ".png" else "JPEG"
    Image.new("RGB", size, (shade, shade // 2, 255 - shade)).save(path, form)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(encoding))
    return path


def dataset(
    paths: Sequence[Path],
    rows: Sequence[tuple[int, tuple[float, float, float, float], int, bool]],
    names: Sequence[str] = ("car", "bus", "truck"),
    labelled: Sequence[Sequence[bool]] | None = None,
    splits: Sequence[str] | None = None,
    image_names: Sequence[str] | None = None,
) -> DetectionDataset:
    """From (image, xyxy, class_id, ignore) rows in the order of the images."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    images, xyxy, class_id, ignore = (np.array(column) for column in columns)
    mask = np.ones((len(paths), len(names)), bool) if labelled is None else np.array(labelled, bool)
    return DetectionDataset(
        "made",
        Path("made"),
        ClassList(tuple(names)),
        tuple(map(str, paths)),
        tuple(image_names or [path.name for path in paths]),
        tuple(splits or [""] * len(paths)),
        np.zeros((len(paths), 2), np.int32),
        mask.reshape(len(paths), len(names)),
        LabelledBoxes(images, xyxy, class_id, ignore),
    )
