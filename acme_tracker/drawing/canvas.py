"""What annotations are drawn on: a BGR picture, or the planes of a YUV one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker.frames import Image
from acme_tracker.yuv import Colours, Plane, Yuv

Bgr = tuple[int, int, int]
Points = NDArray[np.int32]  # (N, 2) x, y
Stamp = tuple[Plane, ...]  # a small picture, made for canvases of the same colours
WHITE: Bgr = (255, 255, 255)


class Canvas:
    """Draws in place, on one plane or three, two of which have half the picture's size.

    Attributes:
        size: (width, height).
        colours: of a YUV picture; None: BGR.
    """

    def __init__(self, picture: Image | Yuv) -> None:
        if isinstance(picture, Yuv):
            self.colours: Colours | None = picture.colours
            planes: Sequence[Plane] = picture.planes
        else:
            self.colours = None
            planes = [picture]
        height, width = planes[0].shape[:2]
        self.size = (width, height)
        # With how many pixels of the picture one of the plane is wide.
        self._planes: list[tuple[Any, int]] = [(p, width // p.shape[1]) for p in planes]

    def lines(self, ways: Sequence[Points], colour: Bgr, width_px: int) -> None:
        """Draw lines from point to point."""
        for (plane, step), ink in zip(self._planes, self._inks(colour), strict=True):
            # The last argument takes halves of pixels for pixels.
            cv2.polylines(plane, ways, False, ink, max(1, width_px // step), cv2.LINE_8, step - 1)

    def darken(self, rows: int) -> None:
        """Leave a quarter of the light of the uppermost rows."""
        for (plane, step), black in zip(self._planes, self._inks((0, 0, 0)), strict=True):
            bar = plane[: -(-rows // step)]
            np.right_shift(bar, 2, out=bar)
            bar += np.uint8(black[0] - black[0] // 4)

    def text(self, text: str, at: tuple[int, int], font: int, scale: float, width_px: int) -> None:
        """Write in white from the lower left corner `at`, on what has hardly any colour."""
        plane, ink = self._planes[0][0], self._inks(WHITE)[0]
        cv2.putText(plane, text, at, font, scale, ink, width_px, cv2.LINE_AA)

    def paste(self, stamp: Stamp, left: int, top: int) -> None:
        """Put a stamp with its upper left corner on an even point; what lies outside is cut."""
        for (plane, step), part in zip(self._planes, stamp, strict=True):
            y, x, rows, columns = top // step, left // step, *part.shape[:2]
            place = plane[y : y + rows, x : x + columns]
            place[:] = part[: len(place), : place.shape[1]]

    def _inks(self, colour: Bgr) -> tuple[tuple[int, ...], ...]:
        """One a plane."""
        return (colour,) if self.colours is None else _inks(self.colours, colour)


@lru_cache(64)
def _inks(colours: Colours, colour: Bgr) -> tuple[tuple[int, ...], ...]:
    return tuple((number,) for number in colours.numbers(colour).tolist())


def printed(ink: Plane, paper: Bgr, colours: Colours | None) -> Stamp:
    """What canvases of these colours paste, black on `paper` where `ink` (H, W), of even sides, is.

    `ink` is 0 where there is none, and up to 255.
    """
    small = cv2.resize(ink, (ink.shape[1] // 2, ink.shape[0] // 2), interpolation=cv2.INTER_AREA)
    inks = (ink, small, small)
    return tuple(shade[i] for shade, i in zip(_shades(colours, paper), inks, strict=False))


@lru_cache(64)
def _shades(colours: Colours | None, paper: Bgr) -> tuple[Plane, ...]:
    """Paper under more and more ink: 256 numbers a plane."""
    shades = np.outer(np.linspace(1, 0, 256), paper).round().astype(np.uint8)  # (256, 3) BGR
    return (shades,) if colours is None else tuple(colours.numbers(shades).T)
