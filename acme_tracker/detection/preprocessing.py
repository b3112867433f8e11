"""Lays a picture into a network's input, and boxes back into the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from acme_tracker.datatypes import Boxes, Floats
from acme_tracker.frames import Image

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Placement:
    """Where the picture is in the input: x_input = x_picture * scale + offset, likewise y."""

    scale: tuple[float, float]
    offset: tuple[int, int]

    def to_picture(self, xyxy: Boxes) -> Boxes:
        """(N, 4) in pixels of the input -> (N, 4) in pixels of the picture."""
        offset = np.array(self.offset * 2, np.float32)
        return np.asarray((xyxy - offset) / np.array(self.scale * 2, np.float32), np.float32)


class Preprocessor:
    """From a BGR picture to a normalised float input (1, 3, height, width)."""

    def __init__(
        self,
        size: tuple[int, int],
        resize: Literal["stretch", "top-left", "centred"],
        colours: Literal["bgr", "rgb"],
        mean: Triple = (0, 0, 0),
        std: Triple = (1, 1, 1),
        pad: int = 0,
    ) -> None:
        """`mean` and `std` are in the range 0..255, in the order of `colours`; pad comes first."""
        self._size, self._resize, self._pad = size, resize, pad
        self._channels = (0, 1, 2) if colours == "bgr" else (2, 1, 0)
        values = np.arange(256, dtype=np.float32)
        # A table of 256 values a channel is exact and five times faster than arithmetic.
        self._tables = [(values - np.float32(m)) / np.float32(s) for m, s in zip(mean, std)]  # noqa: B905

    def __call__(self, image: Image) -> tuple[Floats, Placement]:
        import cv2

        laid, placement = self._lay(image)
        blob = np.empty((1, 3, *laid.shape[:2]), np.float32)
        for plane, (channel, table) in enumerate(zip(self._channels, self._tables, strict=True)):
            blob[0, plane] = cv2.LUT(cv2.extractChannel(laid, channel), table)
        return blob, placement

    def _lay(self, image: Image) -> tuple[Image, Placement]:
        import cv2

        (width, height), (rows, columns) = self._size, image.shape[:2]
        if self._resize == "stretch":
            laid = cv2.resize(image, self._size, interpolation=cv2.INTER_LINEAR)
            return np.asarray(laid, np.uint8), Placement((width / columns, height / rows), (0, 0))
        ratio = min(width / columns, height / rows)
        new_width, new_height = max(1, round(columns * ratio)), max(1, round(rows * ratio))
        slack = (width - new_width, height - new_height)
        left, top = (slack[0] // 2, slack[1] // 2) if self._resize == "centred" else (0, 0)
        input_ = np.full((height, width, 3), self._pad, np.uint8)
        small = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        input_[top : top + new_height, left : left + new_width] = small
        return input_, Placement((new_width / columns, new_height / rows), (left, top))
