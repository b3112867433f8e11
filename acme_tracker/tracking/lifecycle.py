"""The table of one source's tracks, and how a track comes, stays, goes and is remembered.

(detection) -> TENTATIVE --enough detections--> CONFIRMED <--found again-- LOST
| missed                        | missed, unsure, left      | too long
v                               v                           v
forgotten                          LOST                       ended
"""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import areas, centres, clip
from acme_tracker.datatypes import (
    Boxes,
    Detections,
    EventKind,
    Floats,
    TrackEvent,
    TrackLife,
    Tracks,
    TrackState,
)
from acme_tracker.frames import Frame
from acme_tracker.tracking.appearance import NUMBERS, looks
from acme_tracker.tracking.fusion import Mask, cut_edges

Rows = NDArray[np.intp]

LOOK_RATE = np.float32(0.2)  # share of each detection in the mean of a track's looks
PATH_STEP = 0.1  # of the box's size: a path grows by steps longer than this, not by jitter


class TrackTable:
    """One row a track, as a NumPy structured array `rows`; rows keep the order they came in."""

    def __init__(self, class_count: int) -> None:
        self._dtype = np.dtype(
            [
                ("key", np.int64),  # from the first detection on; the visual tracker's target_id
                ("track_id", np.int64),  # from confirmation on; 0 before
                ("state", np.int64),
                ("xyxy", np.float32, 4),
                ("variance", np.float32, 4),  # of centre x, y, width and height, square pixels
                ("cut", np.bool_, 4),  # edges that the picture's border cut when detected last
                ("votes", np.float64, class_count),  # sum of scores by class
                ("score", np.float32),
                ("best_score", np.float32),
                ("quality", np.float32),
                ("confidence", np.float32),
                ("look", np.float32, NUMBERS),  # mean of the detections', the last ones most
                ("observed", np.bool_),
                ("detections", np.int64),
                ("detected_s", np.float64),  # time of the last detection
                ("missed_s", np.float64),  # time of the first look since that missed it; inf before
                ("lost_frame", np.int64),  # on which it was lost last
                ("first_frame", np.int64),  # first frame shown; -1 before
                ("last_frame", np.int64),
                ("first_s", np.float64),
                ("last_s", np.float64),
                ("path_px", np.float64),
                ("first_xyxy", np.float32, 4),
                ("last_xyxy", np.float32, 4),
                ("anchor_xyxy", np.float32, 4),  # where the path was last lengthened
            ]
        )
        self.rows = np.zeros(0, self._dtype)
        self._keys = count(1)
        self._ids = count(1)

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, found: Detections, variance: Floats, frame: Frame) -> Rows:
        """Tentative tracks of new detections; their row numbers."""
        new = np.zeros(len(found), self._dtype)
        new["key"] = [next(self._keys) for _ in range(len(found))]
        new["state"] = TrackState.TENTATIVE
        new["quality"] = np.nan
        new["first_frame"] = -1
        self.rows = np.concatenate([self.rows, new])
        added = np.arange(len(self.rows) - len(new), len(self.rows))
        self.place(added, found.xyxy, variance)
        self.observe(added, found, frame)
        return added

    def place(self, where: Rows | slice, xyxy: Boxes, variance: Floats) -> None:
        """Put rows (K) on boxes (K, 4) of this variance (K, 4)."""
        self.rows["xyxy"][where] = xyxy
        self.rows["variance"][where] = variance

    def observe(self, where: Rows, found: Detections, frame: Frame) -> None:
        """Note the detections (K) that matched in their rows (K)."""
        rows = self.rows
        rows["score"][where] = found.score
        rows["best_score"][where] = np.maximum(rows["best_score"][where], found.score)
        rows["confidence"][where] = 1
        rows["observed"][where] = True
        rows["cut"][where] = cut_edges(found.xyxy, frame.size)
        rate = np.where(rows["detections"][where] == 0, 1, LOOK_RATE)[:, None]
        rows["look"][where] += rate * (looks(frame.image, found.xyxy) - rows["look"][where])
        rows["detections"][where] += 1
        rows["detected_s"][where] = frame.time_s
        rows["missed_s"][where] = np.inf
        rows["votes"][where, found.class_id] += found.score

    def confirm(self, where: Rows) -> None:
        """Make tracks known; those that have no id yet get the next ones, in row order."""
        for row in where[self.rows["track_id"][where] == 0]:
            self.rows["track_id"][row] = next(self._ids)
        self.rows["state"][where] = TrackState.CONFIRMED

    def remember_shown(self, frame: Frame) -> list[TrackEvent]:
        """Extend the lives of the tracks shown on a frame; a CONFIRMED event for each new one."""
        rows = self.rows
        shown = np.flatnonzero(rows["state"] == TrackState.CONFIRMED)
        born = shown[rows["first_frame"][shown] < 0]
        rows["first_frame"][born] = frame.index
        rows["first_s"][born] = frame.time_s
        rows["first_xyxy"][born] = clip(rows["xyxy"][born], frame.size)
        rows["anchor_xyxy"][born] = rows["xyxy"][born]
        rows["last_frame"][shown] = frame.index
        rows["last_s"][shown] = frame.time_s
        rows["last_xyxy"][shown] = clip(rows["xyxy"][shown], frame.size)
        self._lengthen_paths(shown)
        return [self._event(EventKind.CONFIRMED, row, frame) for row in rows[born]]

    def _lengthen_paths(self, shown: Rows) -> None:
        """Add the way since each track's anchor once it is more than a box's jitter."""
        rows = self.rows
        here = rows["xyxy"][shown]
        way = np.linalg.norm(centres(here) - centres(rows["anchor_xyxy"][shown]), axis=1)
        moved = way >= PATH_STEP * np.sqrt(np.maximum(areas(here), 1))
        rows["path_px"][shown[moved]] += way[moved]
        rows["anchor_xyxy"][shown[moved]] = here[moved]

    def remove(self, gone: Mask, frame: Frame) -> list[TrackEvent]:
        """Take rows (N,) out; an ENDED event for each that was ever shown."""
        ended = self.rows[gone & (self.rows["first_frame"] >= 0)]
        self.rows = self.rows[~gone]
        return [self._event(EventKind.ENDED, row, frame) for row in ended]

    def shares(self) -> Floats:
        """(N, C) class votes, rows summing to 1."""
        votes = self.rows["votes"]
        return np.asarray(votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9), np.float32)

    def tracks(self, size: tuple[int, int], velocity: Floats) -> Tracks:
        """The rows as the value that leaves the tracker: cut to the picture, `velocity` (N, 2)."""
        rows = self.rows
        same = ("track_id", "variance", "score", "confidence", "quality", "state", "observed")
        columns = {name: rows[name].copy() for name in same}
        class_id = rows["votes"].argmax(axis=1)
        return Tracks(
            xyxy=clip(rows["xyxy"], size), velocity=velocity, class_id=class_id, **columns
        )

    def _event(self, kind: EventKind, row: np.void, frame: Frame) -> TrackEvent:
        life = TrackLife(
            track_id=int(row["track_id"]),
            class_id=int(row["votes"].argmax()),
            first_frame=int(row["first_frame"]),
            last_frame=int(row["last_frame"]),
            first_time_s=float(row["first_s"]),
            last_time_s=float(row["last_s"]),
            path_length_px=float(row["path_px"]),
            detections=int(row["detections"]),
            first_xyxy=_corners(row["first_xyxy"]),
            last_xyxy=_corners(row["last_xyxy"]),
        )
        return TrackEvent(kind, frame.index, frame.time_s, life)


def _corners(xyxy: NDArray[np.float32]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in xyxy)
    return left, top, right, bottom
