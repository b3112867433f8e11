"""What every visual tracker must keep: whose row is whose, last good boxes, who was given up."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes, Floats, Followed
from acme_tracker.frames import Frame
from acme_tracker.interfaces import Calibration, Ids

Rows = NDArray[np.intp]

FAR_PX = np.float32(1e5)  # beyond any picture, and far from what overflows an engine's integers


class Engine(Protocol):
    """One way to follow boxes. Targets are rows, in order of start; `EngineTracker` does the rest.

    Every box that an engine is given is finite and covers some of the picture.
    """

    @property
    def sees(self) -> bool: ...

    @property
    def calibration(self) -> Calibration | None: ...

    def extend(self, count: int, /) -> None:
        """Append rows, nowhere yet."""
        ...

    def place(self, frame: Frame, rows: Rows, xyxy: Boxes, lost: NDArray[np.bool_], /) -> None:
        """Put rows on boxes; those `lost` (M,) are new or were given up."""
        ...

    def follow(self, frame: Frame, rows: Rows, xyxy: Boxes, /) -> tuple[Boxes, Floats]:
        """New boxes and quality of the rows that are at `xyxy`; a NaN box gives a target up."""
        ...

    def remove(self, rows: Rows, /) -> None:
        """Forget rows; later ones move up."""
        ...


class EngineTracker:
    """A VisualTracker made of an engine.

    A target is given up (`ok` False, its last good box, quality 0 where the engine has one) when
    the engine says so, when its box leaves the picture or was never in it, and when the picture
    changes its size; `refresh` takes it up again.
    """

    def __init__(self, engine: Engine) -> None:
        self.sees: bool = engine.sees
        self.calibration: Calibration | None = engine.calibration
        self._engine = engine
        self._ids = np.empty(0, np.int64)
        self._xyxy = np.empty((0, 4), np.float32)
        self._ok = np.empty(0, bool)
        self._picture_size: tuple[int, int] | None = None

    def start(self, frame: Frame, target_ids: Ids, xyxy: Boxes) -> None:
        """Follow new targets (N,) from their boxes (N, 4); ValueError for one already followed."""
        ids, box = _columns(target_ids, xyxy)
        if not len(ids):
            return
        everyone = np.concatenate([self._ids, ids])
        if len(np.unique(everyone)) != len(everyone):
            raise ValueError(f"some of the targets {ids.tolist()} are already followed")
        self._see(frame)
        self._engine.extend(len(ids))
        self._ids = everyone
        self._xyxy = np.concatenate([self._xyxy, box])
        self._ok = np.concatenate([self._ok, np.zeros(len(ids), bool)])
        self._place(frame, np.arange(len(everyone) - len(ids), len(everyone)), box)

    def refresh(self, frame: Frame, target_ids: Ids, xyxy: Boxes) -> None:
        """Correct followed targets to detected boxes; KeyError for an unknown one."""
        ids, box = _columns(target_ids, xyxy)
        rows = self._rows(ids)
        self._see(frame)
        self._place(frame, rows, box)

    def update(self, frame: Frame) -> Followed:
        """Where all targets are on a new frame, in the order they were started."""
        self._see(frame)
        quality = np.full(len(self._ids), np.nan if self.calibration is None else 0, np.float32)
        rows = np.flatnonzero(self._ok)
        box, said = self._engine.follow(frame, rows, self._xyxy[rows])
        good = _visible(box, frame)
        self._xyxy[rows[good]] = box[good]
        quality[rows[good]] = said[good]
        self._ok[rows] = good
        return Followed(self._ids.copy(), self._xyxy.copy(), quality, self._ok.copy())

    def stop(self, target_ids: Ids) -> None:
        """Forget targets; KeyError for an unknown one."""
        rows = self._rows(np.asarray(target_ids, np.int64).reshape(-1))
        if not len(rows):
            return
        self._engine.remove(rows)
        self._ids, self._ok = np.delete(self._ids, rows), np.delete(self._ok, rows)
        self._xyxy = np.delete(self._xyxy, rows, axis=0)

    def _place(self, frame: Frame, rows: Rows, xyxy: Boxes) -> None:
        sound = _visible(xyxy, frame)
        self._ok[rows[~sound]] = False
        rows, xyxy = rows[sound], xyxy[sound]
        self._engine.place(frame, rows, xyxy, ~self._ok[rows])
        self._xyxy[rows] = xyxy
        self._ok[rows] = True

    def _rows(self, ids: Ids) -> Rows:
        row_of = {target: row for row, target in enumerate(self._ids.tolist())}
        unknown = [target for target in ids.tolist() if target not in row_of]
        if unknown:
            raise KeyError(f"targets {unknown} are not followed")
        return np.array([row_of[target] for target in ids.tolist()], np.intp)

    def _see(self, frame: Frame) -> None:
        """Boxes in pixels of another picture size mean nothing: give everyone up."""
        if self._picture_size not in (None, frame.size):
            self._ok[:] = False
        self._picture_size = frame.size


def _columns(target_ids: Ids, xyxy: Boxes) -> tuple[Ids, Boxes]:
    ids = np.asarray(target_ids, np.int64).reshape(-1)
    box = np.clip(np.asarray(xyxy, np.float32).reshape(-1, 4), -FAR_PX, FAR_PX)
    box[np.isnan(box).any(axis=1)] = 0  # nowhere
    if len(ids) != len(box):
        raise ValueError(f"xyxy must have shape ({len(ids)}, 4), got {np.shape(xyxy)}")
    return ids, box


def _visible(xyxy: Boxes, frame: Frame) -> NDArray[np.bool_]:
    """(N,) whether boxes are finite and cover some of the picture."""
    inside = boxes.areas(boxes.clip(xyxy, frame.size)) > 0  # NaN is not
    return np.asarray(np.isfinite(xyxy).all(axis=1) & inside, np.bool_)
