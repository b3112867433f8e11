"""What comes in: sources, and their frames. Sizes are (width, height), array shapes (H, W)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from acme_tracker.yuv import Yuv

Image = NDArray[np.uint8]  # (H, W, 3) BGR
Luma = NDArray[np.uint8]  # (H, W) brightness

GLANCE_PX = 160  # width of a frame's small picture
_MOST_FRAMES = 10_000_000  # a larger number in a picture's name is a date, or the like


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source once it is open.

    Attributes:
        source_id: what outputs call the source: a path, or a URL without its password.
        name: a file name for its results.
        size: (width, height) in pixels, as shown.
        frame_rate: frames a second, nominal; None where nothing says.
        frame_count: expected number of frames; None for live sources and where nothing says.
        started_at: clock time of `time_s == 0`, in UTC; None where nothing says.
        live: frames come by the clock and cannot be asked for again.
        pixel_aspect: width of a pixel over its height, as shown; None: square, or nothing says.
        file: where a recording on this machine lies, whatever it was called; None for others.
    """

    source_id: str
    name: str
    size: tuple[int, int]
    frame_rate: float | None = None
    frame_count: int | None = None
    started_at: datetime | None = None
    live: bool = False
    pixel_aspect: Fraction | None = None
    file: str | None = None

    def clock_time(self, time_s: float) -> datetime | None:
        """The clock time of a moment of this source, None where its start is not known."""
        return None if self.started_at is None else self.started_at + timedelta(seconds=time_s)


class Frame:
    """One picture of a source. Colour and luma are converted when first asked for, then kept."""

    def __init__(
        self,
        source_id: str,
        index: int,
        time_s: float,
        size: tuple[int, int],
        image: Callable[[], Image],
        luma: Callable[[], Luma],
        yuv: Callable[[], Yuv] | None = None,
    ) -> None:
        self.source_id = source_id
        self.index = index  # 0-based count of the source's frames, not of those looked at
        self.time_s = time_s
        self.size = size  # (width, height)
        self._make_image = image
        self._make_luma = luma
        self._make_yuv = yuv

    @classmethod
    def of_image(cls, image: Image, index: int, time_s: float, source_id: str = "") -> Self:
        """A frame around a BGR picture (H, W, 3) that is in memory."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"image must be (H, W, 3) uint8, got {image.shape} {image.dtype}")
        size = (image.shape[1], image.shape[0])
        return cls(source_id, index, time_s, size, lambda: image, lambda: grey(image))

    @cached_property
    def image(self) -> Image:
        """(H, W, 3) BGR. Shared: draw on a copy."""
        return self._make_image()

    @cached_property
    def luma(self) -> Luma:
        """(H, W), contiguous: the decoder's 8-bit Y plane as stored, else OpenCV's grey."""
        return self._make_luma()

    @cached_property
    def small(self) -> Luma:
        """(h, w), GLANCE_PX wide: brightness, for who has a look at the whole picture."""
        return _shrunk(self.luma, GLANCE_PX)

    def yuv(self) -> Yuv:
        """A copy to draw on, of the decoder's planes where they are as an encoder takes them."""
        return Yuv.of_image(self.image) if self._make_yuv is None else self._make_yuv()


def _shrunk(luma: Luma, width: int) -> Luma:
    """(H, W) -> (h, width): each pixel is the mean of four; the others need not be read."""
    import cv2

    step = max(1, luma.shape[1] // (2 * width))
    size = (width, max(1, round(width * luma.shape[0] / luma.shape[1])))
    small = cv2.resize(luma[::step, ::step], size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.uint8)


def grey(image: Image) -> Luma:
    """OpenCV's grey of a BGR image (H, W, 3) -> (H, W)."""
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def natural_order(path: Path | str) -> list[tuple[int, int | str]]:
    """A sorting key that puts frame9 before frame10."""
    parts = re.split(r"(\d+)", str(path))
    return [(0, int(part)) if part.isdecimal() else (1, part.casefold()) for part in parts]


def frame_indices(pictures: Sequence[Path], first: int) -> list[int]:
    """Which frames these are: by their place, but where numbers are left out, by the number.

    Args:
        pictures: of one sequence, in natural order.
        first: the number of the sequence's first frame.
    """
    found = [re.findall(r"\d+", picture.stem) for picture in pictures]
    numbers = [int(each[-1]) if each else -1 for each in found]
    steps = {after - before for before, after in pairwise(numbers)}
    rising = bool(steps) and min(steps) > 0 and first <= numbers[0] and numbers[-1] < _MOST_FRAMES
    if steps <= {1} or not rising:
        return list(range(len(pictures)))
    return [number - first for number in numbers]
