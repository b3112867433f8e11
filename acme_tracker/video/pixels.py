"""A decoded frame of FFmpeg -> BGR and luma arrays, upright and of one size."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from acme_tracker.frames import Frame, Image, Luma, grey
from acme_tracker.yuv import DEFAULT, FULL_RANGE, MATRICES, Colours, Plane, Yuv

if TYPE_CHECKING:
    from av import VideoFrame

# Formats whose first plane is the 8-bit brightness.
_PLANAR = ("420p", "422p", "444p", "440p", "411p", "410p")
LUMA_FIRST = frozenset(
    {f"{family}{kind}" for family in ("yuv", "yuvj", "yuva") for kind in _PLANAR}
    | {"nv12", "nv21", "nv16", "nv24", "nv42"}
)
YUV420 = ("yuv420p", "yuvj420p")


class Pixels:
    """Converts the frames of one stream, each when it is asked for, from any thread.

    Attributes:
        size: (width, height) of the arrays, after rotation, whatever a later frame's size is.
        colours: of all YUV pictures, whatever a later frame's are: a file of them has but one.
    """

    def __init__(self, first: VideoFrame) -> None:
        from av.video.reformatter import VideoReformatter

        self._stored_size = (first.width, first.height)
        self._quarter_turns = round(first.rotation / 90) % 4  # counter-clockwise
        width, height = self._stored_size
        self.size = (height, width) if self._quarter_turns % 2 else (width, height)
        # One for the stream: a frame's own sets up its tables anew for every frame. Not for two
        # threads at a time.
        self._reformatter = VideoReformatter()
        self._lock = Lock()
        self.colours = self._ready_colours(first) or DEFAULT

    def aspect(self, stored: Fraction | None) -> Fraction | None:
        """A pixel's width over its height once it is upright; None: square, or nothing says."""
        if stored is None or stored <= 0 or stored == 1:
            return None
        return 1 / stored if self._quarter_turns % 2 else stored

    def fits(self, raw: VideoFrame) -> bool:
        """Whether a frame has the size of the first; others are scaled to it."""
        return (raw.width, raw.height) == self._stored_size

    def frame(self, source_id: str, index: int, time_s: float, raw: VideoFrame) -> Frame:
        image, luma, yuv = partial(self.image, raw), partial(self.luma, raw), partial(self.yuv, raw)
        return Frame(source_id, index, time_s, self.size, image, luma, yuv)

    def image(self, raw: VideoFrame) -> Image:
        """(H, W, 3) BGR."""
        width, height = self._stored_size
        with self._lock:
            bgr = self._reformatter.reformat(raw, width, height, format="bgr24", threads=1)
        return self._upright(np.asarray(bgr.to_ndarray(), np.uint8))

    def luma(self, raw: VideoFrame) -> Luma:
        """(H, W) the decoder's Y plane without its padding; OpenCV's grey of other formats."""
        if raw.format.name not in LUMA_FIRST or not self.fits(raw):
            return grey(self.image(raw))
        # A copy: who keeps the brightness shall not keep the whole decoded frame with it.
        return self._upright(_rows(raw, 0)[: raw.height, : raw.width].copy())

    def yuv(self, raw: VideoFrame) -> Yuv:
        """The decoder's planes, copied, where they need no more than that; else made of BGR."""
        if self._ready_colours(raw) != self.colours:
            return Yuv.of_image(self.image(raw), self.colours)
        made = Yuv(np.empty((raw.height * 3 // 2, raw.width), np.uint8), self.colours)
        for number, plane in enumerate(made.planes):
            plane[:] = _rows(raw, number)[: plane.shape[0], : plane.shape[1]]
        return made

    def _ready_colours(self, raw: VideoFrame) -> Colours | None:
        """Those of the decoder's planes; None: they are not as an encoder takes them."""
        even = not raw.width % 2 and not raw.height % 2
        ready = even and self.fits(raw) and not self._quarter_turns
        if not ready or raw.format.name not in YUV420 or raw.colorspace not in MATRICES:
            return None
        full_range = raw.format.name == "yuvj420p" or raw.color_range == FULL_RANGE
        return Colours(raw.colorspace, full_range)

    def _upright(self, array: Image) -> Image:
        return np.ascontiguousarray(np.rot90(array, self._quarter_turns))


def _rows(raw: VideoFrame, number: int) -> Plane:
    """A plane of 8 bits as the decoder left it: with its padding, and not to be written to."""
    plane = raw.planes[number]
    stored: Plane = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    return stored.reshape(-1, plane.line_size)
