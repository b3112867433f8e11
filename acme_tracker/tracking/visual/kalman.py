"""Motion alone: targets go on as they went; only `refresh` tells where they really are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import Boxes, Floats
from acme_tracker.frames import Frame
from acme_tracker.tracking.motion import BoxMotion
from acme_tracker.tracking.visual.targets import EngineTracker, Rows


class KalmanEngine:
    """Constant velocity. Costs nearly nothing and sees nothing, so it has no quality."""

    sees = False
    calibration = None

    def __init__(self) -> None:
        self._motion = BoxMotion()
        self._time_s = 0.0

    def extend(self, count: int) -> None:
        self._motion.add(np.zeros((count, 4), np.float32))

    def place(self, frame: Frame, rows: Rows, xyxy: Boxes, lost: NDArray[np.bool_]) -> None:
        self._advance(frame)
        self._motion.update(rows[~lost], xyxy[~lost])
        self._motion.restart(rows[lost], xyxy[lost])

    def follow(self, frame: Frame, rows: Rows, _xyxy: Boxes) -> tuple[Boxes, Floats]:
        self._advance(frame)
        return self._motion.xyxy[rows], np.full(len(rows), np.nan, np.float32)

    def remove(self, rows: Rows) -> None:
        self._motion.remove(rows)

    def _advance(self, frame: Frame) -> None:
        self._motion.predict(max(0.0, frame.time_s - self._time_s))
        self._time_s = frame.time_s


def kalman_tracker() -> EngineTracker:
    return EngineTracker(KalmanEngine())
