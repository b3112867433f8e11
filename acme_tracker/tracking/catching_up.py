"""Brings what a detector saw a moment ago to the present."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import areas, centres, clip, iou, sizes
from acme_tracker.datatypes import Boxes, Floats, Observation, Tracks
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.flow import flow_tracker
from acme_tracker.tracking.visual.patches import Pyramid, square_grid

ITS_TRACK = 0.3  # IoU of a detection and a track that followed its object
STILL_THERE = 0.5  # correlation of a box's pixels then and now from which its object has not moved
BOX = square_grid(16)


def catch_up(
    seen: Observation, then: tuple[Frame, Tracks], now: tuple[Frame, Tracks]
) -> Observation:
    """An observation of an earlier frame of the same size as it would look on this one.

    Each detection moves as the track of its object did since; one without a track, or whose track
    is gone, by one jump of optical flow. With the tracker's own way the mean IoU of detections that
    were five frames late (10 frames/s, road camera) was .78, by the jump .56, unmoved .15; one
    frame late .86, .87, .65.

    One that the flow gives up stays where it is if it still shows the same, and is left out if not:
    its object has gone on, nobody knows whither. With looks that come six frames late (rendered
    motorway, 25 frames/s) this makes HOTA 61.9 instead of 60.3, with 98 false boxes instead of 369.
    """
    found, (before, tracks_then), (after, tracks_now) = seen.detections, then, now
    if before is after or not len(found):
        return seen
    xyxy, moved = _with_tracks(found.xyxy, tracks_then.confirmed, tracks_now.confirmed)
    xyxy[~moved] = _by_flow(found.xyxy[~moved], before, after)
    xyxy = clip(xyxy, after.size)
    return replace(seen, detections=replace(found, xyxy=xyxy)[areas(xyxy) > 0])


def _with_tracks(xyxy: Boxes, then: Tracks, now: Tracks) -> tuple[Boxes, NDArray[np.bool_]]:
    """(N, 4) -> (N, 4), and which of them have a track that is still there."""
    _, in_then, in_now = np.intersect1d(then.track_id, now.track_id, return_indices=True)
    if not len(in_then):
        return xyxy.copy(), np.zeros(len(xyxy), bool)
    overlap = iou(xyxy, then.xyxy[in_then])
    nearest = overlap.argmax(axis=1)
    # Edge by edge: at the picture's border a box is cut, and grows as its object comes in.
    way = now.xyxy[in_now] - then.xyxy[in_then]
    return xyxy + way[nearest], overlap.max(axis=1) >= ITS_TRACK


def _by_flow(xyxy: Boxes, then: Frame, now: Frame) -> Boxes:
    """(N, 4) -> (N, 4), of no size where an object has gone on."""
    flow = flow_tracker()
    flow.start(then, np.arange(len(xyxy)), xyxy)
    followed = flow.update(now)
    given_up = np.flatnonzero(~followed.ok)
    if not len(given_up):
        return followed.xyxy
    moved = followed.xyxy.copy()
    before, after = (_contrast(xyxy[given_up], frame) for frame in (then, now))
    most = np.maximum((before**2).sum(axis=1), (after**2).sum(axis=1))
    moved[given_up[(before * after).sum(axis=1) < STILL_THERE * most]] = 0
    return moved


def _contrast(xyxy: Boxes, frame: Frame) -> Floats:
    """(N, 4) -> (N, K) grey levels in boxes, over their means."""
    levels = Pyramid(frame.luma).sample(centres(xyxy), sizes(xyxy), BOX).reshape(len(xyxy), -1)
    return np.asarray(levels - levels.mean(axis=1, keepdims=True), np.float32)
