"""A small data set on disk and a detector that knows its pictures by heart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.frames import Image
from tests.fakes import textured_scene

SIZE = (320, 240)
Box = tuple[int, int, int, int, int]  # class, left, top, right, bottom
PICTURES: tuple[tuple[Box, ...], ...] = (
    ((0, 20, 20, 120, 100), (1, 150, 60, 300, 200)),
    ((0, 40, 40, 70, 60),),
    (),
)


def write_yolo(folder: Path, names: Sequence[str] = ("car", "bus")) -> Path:
    """A YOLO data set with the boxes of PICTURES."""
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for number, boxes in enumerate(PICTURES):
        picture = cv2.imencode(".png", textured_scene(SIZE, seed=number))[1]
        (folder / "images" / f"{number}.png").write_bytes(picture.tobytes())
        lines = [_line(box) for box in boxes]
        (folder / "labels" / f"{number}.txt").write_text("\n".join(lines))
    names_list = ", ".join(names)
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames: [{names_list}]\n")
    return folder


def _line(box: Box) -> str:
    class_id, left, top, right, bottom = box
    centre = f"{(left + right) / 2 / SIZE[0]} {(top + bottom) / 2 / SIZE[1]}"
    return f"{class_id} {centre} {(right - left) / SIZE[0]} {(bottom - top) / SIZE[1]}"


def answers(extra: Sequence[Box] = (), missing: int = 0) -> list[Detections]:
    """The truth of each picture without the first `missing`, and false boxes on the last one."""
    found = []
    for number, boxes in enumerate(PICTURES):
        seen = [*boxes[missing if number == 0 else 0 :], *(extra if number == 2 else ())]
        table = np.array(seen, np.float32).reshape(-1, 5)
        score = np.linspace(0.9, 0.6, len(table))
        found.append(Detections.of(table[:, 1:], score, table[:, 0]))
    return found


class ByHeart:
    """Gives these answers to the PICTURES, in whatever order it sees them."""

    def __init__(
        self, found: Sequence[Detections], classes: Sequence[str] = ("car", "bus")
    ) -> None:
        self.classes = ClassList(tuple(classes))
        self._answers = {
            textured_scene(SIZE, seed=number).tobytes(): one for number, one in enumerate(found)
        }

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self._answers[image.tobytes()] for image in images]
