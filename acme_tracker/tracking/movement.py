"""What moves outside every track, and where looking at it paid: where objects enter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import centres, coverage, from_centres, from_ltwh, sizes
from acme_tracker.datatypes import Boxes
from acme_tracker.frames import Frame

LEAST_CHANGE = 8  # grey levels
NOISES = 4  # a change is so many times the picture's own noise
LEAST_PIXELS = 4  # of the small picture
TRACK_GROWN = 1.25  # an object's edges, shadow and lights move outside its box


class Movement:
    """Sees movement: a frame's small picture against that of the frame before."""

    def __init__(self) -> None:
        self._last = self._now = np.empty((0, 0), np.int16)
        self._size = (0, 0)

    def watch(self, frame: Frame) -> None:
        """Call on every frame."""
        self._size = frame.size
        self._last, self._now = self._now, frame.small.astype(np.int16)

    def outside(self, tracked: Boxes) -> Boxes:
        """Boxes (M, 4) around what moves on the last frame outside the tracked boxes (N, 4)."""
        import cv2

        changed = self._changed()
        scale = np.tile(np.divide(self._size, changed.shape[::-1]), 2)
        for left, top, right, bottom in np.maximum(_grown(tracked) / scale, 0).tolist():
            changed[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = 0
        joined = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        # 16 bits are enough for its pixels, and take half the time.
        _, _, stats, _ = cv2.connectedComponentsWithStats(joined, ltype=cv2.CV_16U)
        blobs = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= LEAST_PIXELS]  # the first is the ground
        return from_ltwh(np.asarray(blobs[:, :4] * scale, np.float32))

    def _changed(self) -> NDArray[np.uint8]:
        """(h, w) 0 or 1, in the small picture."""
        if self._last.shape != self._now.shape:
            return np.zeros(self._now.shape, np.uint8)
        change = self._now - self._last
        change = np.abs(change - _median(change))  # another light is no movement
        usual = _median(change)
        if usual >= LEAST_CHANGE:  # the camera itself moves
            return np.zeros(self._now.shape, np.uint8)
        return np.asarray(change > max(LEAST_CHANGE, NOISES * (usual + 1)), np.uint8)


class EntryZones:
    """How often movement was an object that the detector found, for every part of the picture.

    That is where objects enter. A waving tree, a screen or the far end of the road is worth ever
    less; every part begins as one where objects enter.
    """

    GRID = (16, 12)  # columns, rows
    MEMORY = 50  # looks after which older ones count half: a rainy night passes
    TRUST = 2  # looks that every part is thought to have had, all with success
    LEAST_WORTH = 0.02
    FOUND = 0.3  # share of what moved that a track covers afterwards

    def __init__(self) -> None:
        self._looks = np.full(self.GRID[::-1], float(self.TRUST))
        self._found = self._looks.copy()

    def worth(self, moving: Boxes, size: tuple[int, int]) -> NDArray[np.float64]:
        """(M, 4) in a picture of (width, height) -> (M,) share of looks that found an object."""
        if not len(moving):
            return np.empty(0)
        cells = self._cells(moving, size)
        return np.asarray(np.maximum(self._found[cells] / self._looks[cells], self.LEAST_WORTH))

    def learn(self, moving: Boxes, tracked: Boxes, size: tuple[int, int]) -> None:
        """What moved (M, 4) on a frame that was looked at, and the tracks (N, 4) since."""
        if not len(moving):
            return
        found = coverage(moving, _grown(tracked)).max(axis=1, initial=0) > self.FOUND
        cells = self._cells(moving, size)
        np.add.at(self._looks, cells, 1)
        np.add.at(self._found, cells, found)
        many = self._looks > self.MEMORY
        self._looks[many] /= 2
        self._found[many] /= 2

    def _cells(self, xyxy: Boxes, size: tuple[int, int]) -> tuple[NDArray[np.intp], ...]:
        """Rows and columns of the boxes' centres."""
        columns, rows = self.GRID
        column, row = (centres(xyxy) * self.GRID / size).astype(np.intp).T
        return np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)


def _grown(tracked: Boxes) -> Boxes:
    return from_centres(centres(tracked), sizes(tracked) * np.float32(TRACK_GROWN))


def _median(levels: NDArray[np.int16]) -> np.int16:
    """The middle one; NumPy's own takes five times as long."""
    middle = levels.size // 2
    return np.int16(np.partition(levels, middle, axis=None)[middle])
