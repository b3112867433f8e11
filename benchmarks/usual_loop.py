"""The usual loop: what most programs that follow traffic with dlib do, well written.

After the people counter of PyImageSearch (A. Rosebrock, 2018): detect on every 30th frame; on the
others, update one correlation tracker an object, in turn, on the RGB picture; at each detection
throw all trackers away and build new ones; ids by the nearest centroid; draw with OpenCV; write
mp4v. All in one thread.

Where it departs from the scripts, it is to compare like with like, or not to fail: frames come from
this project's decoder (cv2.VideoCapture of OpenCV 5 aborts the process on some broken AVI files);
ids see the boxes of detection frames too; unmatched boxes always get an id; a tracker whose box
left the picture (dlib says NaN) is dropped; a detector of motion sees every frame; pictures keep
their size (dlib's cost does not depend on it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from cpu_meter import CpuMeter
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from acme_tracker.datatypes import Boxes
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector, FrameSource, FrameWatcher

DETECT_EVERY = 30  # frames
MAX_MISSED = 40  # frames after which an id is given up
MAX_DISTANCE_PX = 50
COLOUR = (0, 255, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass
class Tally:
    """What a loop had to do: `objects` adds up the boxes of all frames."""

    frames: int = 0
    looks: int = 0
    objects: int = 0


def usual_loop(
    source: FrameSource, detector: Detector, least_score: float, out: Path | None, meter: CpuMeter
) -> Tally:
    """Track an open source; the annotated video goes to `out`, if that is given."""
    tally, trackers, ids = Tally(), DlibTrackers(), CentroidIds()
    writer: cv2.VideoWriter | None = None
    for frame in source:
        if isinstance(detector, FrameWatcher):
            detector.watch(frame)
        rgb = _rgb(frame.image, meter)
        if tally.frames % DETECT_EVERY == 0:
            found = detector.detect([frame.image])[0]
            xyxy = found.xyxy[found.score >= least_score]
            with meter.stage("associate"):
                trackers.restart(rgb, xyxy)
            tally.looks += 1
        else:
            with meter.stage("follow"):
                xyxy = trackers.update(rgb)
        with meter.stage("associate"):
            numbers = ids.update(xyxy)
        tally.frames += 1
        tally.objects += len(xyxy)
        if out is None:
            continue
        if writer is None:
            writer = _open_writer(out, source.info.frame_rate or 25, frame.size)
        with meter.stage("draw"):
            scene = draw(frame.image, xyxy, numbers)
        with meter.stage("encode"):
            writer.write(scene)
    if writer is not None:
        with meter.stage("encode"):
            writer.release()
    return tally


class DlibTrackers:
    """One correlation tracker an object."""

    def __init__(self) -> None:
        self._trackers: list[Any] = []

    def restart(self, rgb: Image, xyxy: Boxes) -> None:
        """Forget all objects and follow these."""
        self._trackers = []
        for left, top, right, bottom in xyxy.astype(int).tolist():
            # Right and bottom are the last pixels inside; dlib throws on empty boxes.
            box = dlib.rectangle(left, top, max(right - 1, left + 1), max(bottom - 1, top + 1))
            tracker = dlib.correlation_tracker()
            tracker.start_track(rgb, box)
            self._trackers.append(tracker)

    def update(self, rgb: Image) -> Boxes:
        """Where the objects are now."""
        self._trackers = [t for t in self._trackers if math.isfinite(t.update(rgb))]
        places = [tracker.get_position() for tracker in self._trackers]
        rows = [(box.left(), box.top(), box.right() + 1, box.bottom() + 1) for box in places]
        return np.array(rows, np.float32).reshape(-1, 4)


class CentroidIds:
    """Gives each box the id of the nearest centroid of the frame before, rows by least distance."""

    def __init__(self) -> None:
        self._centroids: dict[int, tuple[float, float]] = {}
        self._missed: dict[int, int] = {}
        self._next_id = 1

    def update(self, xyxy: Boxes) -> list[int]:
        """The ids of the boxes of the next frame, in their order."""
        centroids = (xyxy[:, :2] + xyxy[:, 2:]) / 2
        matched = self._match(centroids)
        for known in set(self._centroids) - set(matched.values()):
            self._missed[known] += 1
            if self._missed[known] > MAX_MISSED:
                del self._centroids[known], self._missed[known]
        ids = []
        for row, (x, y) in enumerate(centroids.tolist()):
            if row not in matched:
                matched[row], self._next_id = self._next_id, self._next_id + 1
            self._centroids[matched[row]], self._missed[matched[row]] = (x, y), 0
            ids.append(matched[row])
        return ids

    def _match(self, centroids: NDArray[np.floating]) -> dict[int, int]:
        """Box -> id, nearest pairs of ids first."""
        if not len(self._centroids) or not len(centroids):
            return {}
        known = list(self._centroids)
        apart = cdist(np.array(list(self._centroids.values())), centroids)
        matched: dict[int, int] = {}
        for row in apart.min(axis=1).argsort():
            nearest = int(apart[row].argmin())
            if nearest not in matched and apart[row, nearest] <= MAX_DISTANCE_PX:
                matched[nearest] = known[row]
        return matched


def draw(image: Image, xyxy: Boxes, ids: list[int]) -> Image:
    """A copy with boxes, ids and the number of objects."""
    scene = image.copy()
    for number, (left, top, right, bottom) in zip(ids, xyxy.astype(int).tolist(), strict=True):
        cv2.rectangle(scene, (left, top), (right, bottom), COLOUR, 2)
        cv2.putText(scene, f"ID {number}", (left, top - 6), FONT, 0.5, COLOUR, 2)
        cv2.circle(scene, ((left + right) // 2, (top + bottom) // 2), 4, COLOUR, -1)
    cv2.putText(scene, f"{len(ids)} objects", (10, 25), FONT, 0.6, (0, 0, 255), 2)
    return scene


def _rgb(image: Image, meter: CpuMeter) -> Image:
    with meter.stage("convert"):
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _open_writer(path: Path, rate: float, size: tuple[int, int]) -> cv2.VideoWriter:
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), code, rate, size)
    if not writer.isOpened():
        raise RuntimeError(f"OpenCV cannot write {path} as mp4v")
    return writer
