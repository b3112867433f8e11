"""Pictures as decoders give and encoders take them: brightness, and colour at half the size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Plane = NDArray[np.uint8]

# FFmpeg's numbers (AVColorSpace). What does not say its own is shown by each player as it likes.
BT709, UNSAID, BT470BG, BT601 = 1, 2, 5, 6
LIMITED_RANGE, FULL_RANGE = 1, 2  # AVColorRange
MATRICES = frozenset((BT709, UNSAID, BT470BG, BT601))


@dataclass(frozen=True)
class Colours:
    """Which numbers make which colour.

    Attributes:
        matrix: one of `MATRICES`.
        full_range: black is 0 and white 255; else 16 and 235.
    """

    matrix: int = BT601
    full_range: bool = False

    def numbers(self, bgr: ArrayLike) -> Plane:
        """(..., 3) blue, green, red of 0 to 255 -> (..., 3) Y, U, V."""
        weights = self.weights()
        found: NDArray[np.float32] = np.asarray(bgr, np.float32) @ weights[:, :3].T + weights[:, 3]
        return np.clip(found.round(), 0, 255).astype(np.uint8)

    def weights(self) -> NDArray[np.float32]:
        """(3, 4): what Y, U and V take of blue, green, red and of 1."""
        red, blue = (0.2126, 0.0722) if self.matrix == BT709 else (0.299, 0.114)
        bright = np.array([blue, 1 - red - blue, red])
        low, span, reach = (0, 255, 255) if self.full_range else (16, 219, 224)
        found = [
            [*bright * (span / 255), low],
            [*(np.eye(3)[0] - bright) * (reach / 255 / (2 - 2 * blue)), 128],
            [*(np.eye(3)[2] - bright) * (reach / 255 / (2 - 2 * red)), 128],
        ]
        return np.array(found, np.float32)


DEFAULT = Colours()  # what OpenCV converts to


@dataclass(frozen=True)
class Yuv:
    """A picture in planes of 8 bits, its colour at half the width and height (I420, yuv420p).

    Attributes:
        pixels: (H * 3 / 2, W) contiguous: the rows of Y, then all of U, then all of V. H and W are
            even: of an odd picture the last row or column is there twice.
    """

    pixels: Plane
    colours: Colours = DEFAULT

    @classmethod
    def of_image(cls, image: Plane, colours: Colours = DEFAULT) -> Yuv:
        """A BGR picture (H, W, 3), converted."""
        import cv2

        height, width = image.shape[:2]
        if width % 2 or height % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        if colours == DEFAULT:
            return cls(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8))
        rows, columns = image.shape[:2]
        made = cls(np.empty((rows * 3 // 2, columns), np.uint8), colours)
        weights, half = colours.weights(), (columns // 2, rows // 2)
        small = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        # OpenCV is quicker at all three than at the one or two that are wanted.
        bright, colour = (cv2.transform(each, weights) for each in (image, small))
        for number, full in enumerate((bright, colour, colour)):
            made.planes[number][:] = cv2.extractChannel(full, number)
        return made

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), both even."""
        return self.pixels.shape[1], self.pixels.shape[0] * 2 // 3

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        """Y (H, W), U and V (H / 2, W / 2): views."""
        width, height = self.size
        colour = self.pixels[height:].reshape(2, height // 2, width // 2)
        return self.pixels[:height], colour[0], colour[1]
