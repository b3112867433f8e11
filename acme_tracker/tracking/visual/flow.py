"""Optical flow: a grid of points on each target, all of them in one call of OpenCV."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes, Floats
from acme_tracker.frames import Frame, Luma
from acme_tracker.tracking.visual.calibration import FLOW
from acme_tracker.tracking.visual.resting import Resting
from acme_tracker.tracking.visual.targets import EngineTracker, Rows

# Chosen among 2-5 values each on four real clips (5-25 frames/s, human boxes); none is critical:
# full resolution and more points cost 2-4 times as much and follow no better.
ROWS = 360  # the picture is reduced to so many rows
GRID = 4  # points a side
INSET = 0.1  # the grid's distance from the box's edges: nearer lies more of the background
WINDOW = (11, 11)
LEVELS = 3
RETURN_PX = 1.0  # a point must come back so near when it is followed backwards
AGREE = 0.1  # a point must move with the others within this share of the box
FEWEST_POINTS = 4
ZOOM = (0.8, 1.25)  # from frame to frame; beyond, the points are wrong
PATCH = 16  # pixels a side of the remembered look of a target


class FlowEngine:
    """Lucas-Kanade there and back; the median motion of the points that return, and their zoom.

    Quality is the least share of points that agreed since the target was last placed, times the
    correlation of its look with that of then. The share alone cannot see slow drift: AUROC for
    IoU < 0.5 on three clips .74/.63/.94, its minimum .94/.75/.92, with the look .93/.85/.92.
    """

    sees = True
    calibration = FLOW

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._small: Luma = np.empty((0, 0), np.uint8)
        self._looks = np.empty((0, PATCH * PATCH), np.float32)
        self._agreed = np.empty(0, np.float32)

    def extend(self, count: int) -> None:
        self._looks = np.concatenate([self._looks, np.zeros((count, PATCH * PATCH), np.float32)])
        self._agreed = np.concatenate([self._agreed, np.ones(count, np.float32)])

    def place(self, frame: Frame, rows: Rows, xyxy: Boxes, _lost: NDArray[np.bool_]) -> None:
        self._turn_to(frame)
        self._looks[rows] = self._look(xyxy)
        self._agreed[rows] = 1

    def follow(self, frame: Frame, rows: Rows, xyxy: Boxes) -> tuple[Boxes, Floats]:
        before = self._small
        self._turn_to(frame)
        if not len(rows):
            return xyxy, np.empty(0, np.float32)
        points = _grid(xyxy) * self._reduced - np.float32(0.5)  # (N, K, 2), 0 at a pixel's centre
        moved, returned = _flow(before, self._small, points)
        shift, zoom, agreeing = _consensus(points, moved, returned)
        centre = boxes.centres(xyxy) + shift / self._reduced
        found = boxes.from_centres(centre, boxes.sizes(xyxy) * zoom[:, None])
        found[agreeing.sum(axis=1) < FEWEST_POINTS] = np.nan

        self._agreed[rows] = np.minimum(self._agreed[rows], agreeing.mean(axis=1))
        alike = (self._look(np.nan_to_num(found)) * self._looks[rows]).sum(axis=1)
        return found, (self._agreed[rows] * np.maximum(alike, 0)).astype(np.float32)

    def remove(self, rows: Rows) -> None:
        self._looks = np.delete(self._looks, rows, axis=0)
        self._agreed = np.delete(self._agreed, rows)

    @property
    def _reduced(self) -> np.float32:
        """Size of the small picture over that of the frame."""
        assert self._frame is not None
        return np.float32(self._small.shape[0] / self._frame.size[1])

    def _turn_to(self, frame: Frame) -> None:
        if frame is self._frame:
            return
        width, height = frame.size
        scale = min(1.0, ROWS / height)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        reduced = cv2.resize(frame.luma, small, interpolation=cv2.INTER_AREA)
        self._frame, self._small = frame, np.asarray(reduced, np.uint8)

    def _look(self, xyxy: Boxes) -> Floats:
        """(N, 4) -> (N, PATCH * PATCH) the boxes' pixels, of mean 0 and norm 1."""
        if not len(xyxy):
            return np.empty((0, PATCH * PATCH), np.float32)
        at = (np.arange(PATCH, dtype=np.float32) + np.float32(0.5)) / PATCH
        across = xyxy[:, None, :2] + at[:, None] * boxes.sizes(xyxy)[:, None]  # (N, PATCH, 2)
        across = across * self._reduced - np.float32(0.5)
        x = np.repeat(across[:, None, :, 0], PATCH, axis=1).reshape(-1, PATCH)
        y = np.repeat(across[:, :, None, 1], PATCH, axis=2).reshape(-1, PATCH)
        pixels = cv2.remap(self._small, x, y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        look = pixels.reshape(len(xyxy), -1).astype(np.float32)
        look -= look.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(look, axis=1, keepdims=True)
        return np.asarray(look / np.maximum(norm, np.float32(1e-3)), np.float32)


def _grid(xyxy: Boxes) -> Floats:
    """(N, 4) -> (N, K, 2) points inside the boxes."""
    side = np.linspace(INSET, 1 - INSET, GRID, dtype=np.float32)
    unit = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return np.asarray(xyxy[:, None, :2] + unit * boxes.sizes(xyxy)[:, None], np.float32)


def _flow(before: Luma, after: Luma, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Where points (N, K, 2) went, and which of them come back when followed backwards."""
    height, width = after.shape
    flat = points.reshape(-1, 1, 2)
    follow: Any = partial(cv2.calcOpticalFlowPyrLK, winSize=WINDOW, maxLevel=LEVELS)
    there, seen, _ = follow(before, after, flat, None)
    back, seen_back, _ = follow(after, before, there, None)
    inside = [((p >= 0) & (p < (width, height))).all(axis=2) for p in (flat, there)]
    near = np.linalg.norm(back - flat, axis=2) < RETURN_PX
    returned = near & inside[0] & inside[1] & (seen == 1) & (seen_back == 1)
    return there.reshape(points.shape), returned.reshape(points.shape[:2])


def _consensus(
    points: Floats, moved: Floats, returned: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Shift of the centre (N, 2), zoom (N,), and which points (N, K) agree; NaN without points."""
    step = moved - points
    shift = np.stack([_median(step[..., axis], returned) for axis in (0, 1)], axis=1)
    extent = np.ptp(points, axis=1).mean(axis=1)
    off = np.linalg.norm(step - shift[:, None], axis=2)
    agreeing = returned & (off < np.maximum(1, AGREE * extent)[:, None])

    first, second = np.triu_indices(points.shape[1], 1)
    apart = np.linalg.norm(points[:, first] - points[:, second], axis=2)
    apart_now = np.linalg.norm(moved[:, first] - moved[:, second], axis=2)
    pairs = agreeing[:, first] & agreeing[:, second] & (apart > extent[:, None] / 3)
    zoom = _median(apart_now / np.maximum(apart, np.float32(1e-3)), pairs)
    zoom = np.clip(np.nan_to_num(zoom, nan=1), *ZOOM).astype(np.float32)

    centre = points.mean(axis=1, keepdims=True)
    placed = moved - centre - zoom[:, None, None] * (points - centre)
    shift = np.stack([_median(placed[..., axis], agreeing) for axis in (0, 1)], axis=1)
    return shift, zoom, agreeing


def _median(values: Floats, valid: NDArray[np.bool_]) -> Floats:
    """(N, K) -> (N,) median of the valid ones, NaN where there are none."""
    ordered = np.sort(np.where(valid, values, np.float32(np.inf)), axis=1)
    count = valid.sum(axis=1)
    row = np.arange(len(values))
    low, high = ordered[row, np.maximum(count - 1, 0) // 2], ordered[row, count // 2]
    return np.where(count > 0, (low + high) / 2, np.nan).astype(np.float32)


def flow_tracker() -> EngineTracker:
    return EngineTracker(Resting(FlowEngine()))
