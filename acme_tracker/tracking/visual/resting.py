"""Targets that stand still are followed now and then: what does not move need not be sought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes, Floats
from acme_tracker.frames import Frame
from acme_tracker.interfaces import Calibration
from acme_tracker.tracking.visual.targets import Engine, Rows

SETTLED_S = 1.0  # a box that kept its place for so long stands still, and ...
REST_S = 0.3  # ... is followed once in so long: who drives off has gone some centimetres by then
# How far an edge may move on the spot: a share of the box's size, but no less than some pixels.
TOLERANCE, TOLERANCE_PX = np.float32(0.1), np.float32(1.5)


class Resting:
    """An engine that leaves its targets alone while they stand, and answers as it did before.

    Boxes on few frames a second are not left alone: each frame is late enough.
    """

    def __init__(self, engine: Engine) -> None:
        self.sees: bool = engine.sees
        self.calibration: Calibration | None = engine.calibration
        self._engine = engine
        self._anchor = np.empty((0, 4), np.float32)  # where the target has been ...
        self._since_s = np.empty(0)  # ... from then on
        self._followed_s = np.empty(0)
        self._quality = np.empty(0, np.float32)

    def extend(self, count: int) -> None:
        self._engine.extend(count)
        self._anchor = np.concatenate([self._anchor, np.zeros((count, 4), np.float32)])
        self._since_s = np.concatenate([self._since_s, np.zeros(count)])
        self._followed_s = np.concatenate([self._followed_s, np.zeros(count)])
        self._quality = np.concatenate([self._quality, np.zeros(count, np.float32)])

    def place(self, frame: Frame, rows: Rows, xyxy: Boxes, lost: NDArray[np.bool_]) -> None:
        self._engine.place(frame, rows, xyxy, lost)
        self._since_s[rows[lost]] = frame.time_s
        self._note(frame, rows, xyxy)
        self._followed_s[rows] = -np.inf  # a new quality is wanted

    def follow(self, frame: Frame, rows: Rows, xyxy: Boxes) -> tuple[Boxes, Floats]:
        due = self._due(frame.time_s, rows)
        found, quality = xyxy.copy(), self._quality[rows]
        found[due], quality[due] = self._engine.follow(frame, rows[due], xyxy[due])
        self._quality[rows] = quality
        self._followed_s[rows[due]] = frame.time_s
        self._note(frame, rows, found)
        return found, quality

    def remove(self, rows: Rows) -> None:
        self._engine.remove(rows)
        self._anchor = np.delete(self._anchor, rows, axis=0)
        self._since_s = np.delete(self._since_s, rows)
        self._followed_s = np.delete(self._followed_s, rows)
        self._quality = np.delete(self._quality, rows)

    def _due(self, time_s: float, rows: Rows) -> NDArray[np.bool_]:
        """(N,) who is to be followed on this frame."""
        settled = time_s - self._since_s[rows] >= SETTLED_S
        fresh = np.abs(time_s - self._followed_s[rows]) < REST_S
        return np.asarray(~(settled & fresh))

    def _note(self, frame: Frame, rows: Rows, xyxy: Boxes) -> None:
        """Who has left the spot stands, if at all, from now on."""
        reach = np.maximum(TOLERANCE_PX, TOLERANCE * boxes.sizes(xyxy).mean(axis=1))
        near = (np.abs(xyxy - self._anchor[rows]) <= reach[:, None]).all(axis=1)
        left = rows[~near]  # or was given up: NaN is not near
        self._anchor[left] = xyxy[~near]
        self._since_s[left] = frame.time_s
