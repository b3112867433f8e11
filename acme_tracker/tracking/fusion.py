"""How far boxes can be trusted, and what two boxes of one object say together.

Variances are (N, 4), in square pixels: of the centre's x and y, of the width and of the height.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes, Detections, Floats

Mask = NDArray[np.bool_]

# Standard deviations, in shares of the box. Of a detection: what changes from one frame to the next
# against human boxes (12,500 boxes of a vehicle detector on four clips; what stays, its idea of
# where a car ends, no fusion can take out). It falls with the score, and with the size by less than
# a pixel; of classes other than vehicles there were too few to tell.
DETECTION_NOISE = np.array([0.024, 0.034, 0.045, 0.055], np.float32)
NOISE_AT_NO_SCORE, NOISE_LESS_BY_SCORE = np.float32(1.3), np.float32(0.8)
DETECTION_PX = np.float32(0.4)
# Of a visual tracker, per square root of a second: 2,500 boxes of `batched`, up to 2 s from human
# ones. It rises as confidence falls: 1.4 times at 0.9, 8 times at 0.5.
DRIFT = np.array([0.04, 0.055, 0.09, 0.09], np.float32)
DRIFT_POWER = 3
LEAST_CONFIDENCE = np.float32(0.1)
UNKNOWN_CONFIDENCE = np.float32(0.8)  # of visual trackers that say nothing
# How many times farther off than its filter thinks motion alone is: objects brake and turn.
MOTION_ERRS = np.float32(3)

SURPRISE = np.float32(2)  # standard deviations that a prediction and a detection may be apart
BORDER_PX = np.float32(2)
LEAST_INSIDE = 0.4  # share of a box in the picture below which, undetected, its object has left
HIDDEN = 0.5  # share of a box behind another from which its object cannot be followed
GOES_BEHIND = 0.1  # share by which it is hidden more where it should be than where it is followed


def detection_variance(found: Detections) -> Floats:
    """(N, 4) of detected boxes."""
    weight = NOISE_AT_NO_SCORE - NOISE_LESS_BY_SCORE * found.score[:, None]
    return np.asarray((DETECTION_NOISE * weight * _unit(found.xyxy)) ** 2 + DETECTION_PX**2)


def doubtfulness(confidence: Floats, sight: Floats | float = 1.0) -> Floats:
    """(N,) how many times farther off a visual tracker may be than one that is sure of itself.

    `sight` (N,) is the share of an object that there is to follow.
    """
    sure = np.where(np.isnan(confidence), UNKNOWN_CONFIDENCE, confidence) * sight
    return np.asarray(np.maximum(sure, LEAST_CONFIDENCE) ** -DRIFT_POWER, np.float32)


def drift_variance(xyxy: Boxes, doubt: Floats, passed_s: float) -> Floats:
    """(N, 4) that boxes gain while a visual tracker follows them for `passed_s`."""
    share = DRIFT * doubt[:, None] * _unit(xyxy)
    return np.asarray(share**2 * np.float32(passed_s), np.float32)


def lead(moved: Boxes, variance: Floats, followed: Boxes, drift: Floats) -> tuple[Boxes, Floats]:
    """Where objects are that went on to `moved` (N, 4) or were followed elsewhere; variance gained.

    `variance` (N, 4) is that of `moved`, `drift` (N, 4) what the visual tracker adds: one that is
    sure is believed nearly alone, an unsure one hardly.
    """
    off = MOTION_ERRS**2 * variance
    gain = off / (off + drift)
    before, now = _columns(moved), _columns(followed)
    led = before + gain * (now - before)
    return boxes.from_centres(led[:, :2], led[:, 2:]), gain * drift


def fuse(
    expected: Boxes, variance: Floats, found: Detections, picture: tuple[int, int]
) -> tuple[Boxes, Floats]:
    """Where the objects are that were expected at boxes (N, 4) and detected (N); its variance.

    Of what the two are apart beyond SURPRISE, the prediction bears the blame: it has drifted. A box
    that the border of the picture (width, height) cuts changes as it comes in or goes out: there
    the detection alone counts.
    """
    noise = detection_variance(found)
    before, now = _columns(expected), _columns(found.xyxy)
    drifted = ((now - before) / SURPRISE) ** 2 - noise
    trusted = np.maximum(variance, drifted)
    gain = trusted / (trusted + noise)
    gain[cut_edges(found.xyxy, picture).any(axis=1)] = 1
    fused = before + gain * (now - before)
    return boxes.from_centres(fused[:, :2], fused[:, 2:]), gain * noise


def cut_edges(xyxy: Boxes, picture: tuple[int, int]) -> Mask:
    """(N, 4) which edges of boxes lie on the border of a picture of (width, height)."""
    near, far = xyxy[:, :2] <= BORDER_PX, xyxy[:, 2:] >= np.subtract(picture, BORDER_PX)
    return np.concatenate([near, far], axis=1)


def grow_in(xyxy: Boxes, cut: Mask, picture: tuple[int, int]) -> Boxes:
    """Boxes (N, 4) that were `cut` (N, 4) when they were detected, and moved inwards since.

    The object comes in behind: the edge stays on the border, until the box is twice as large.
    """
    size = np.tile(boxes.sizes(xyxy), 2)
    border = np.array([0, 0, *picture], np.float32)
    grown = np.clip(border, xyxy - size, xyxy + size)
    inside = (xyxy > border) == np.array([True, True, False, False])
    return np.where(cut & inside, grown, xyxy)


def has_left(xyxy: Boxes, picture: tuple[int, int]) -> Mask:
    """(N,) which boxes are mostly outside a picture of (width, height)."""
    inside = boxes.areas(boxes.clip(xyxy, picture))
    return np.asarray(inside < LEAST_INSIDE * np.maximum(boxes.areas(xyxy), 1))


def leaving(xyxy: Boxes, velocity: Floats, picture: tuple[int, int]) -> Mask:
    """(N,) which boxes the picture's border cuts and motion (N, 2) takes further out."""
    outwards = np.concatenate([velocity < 0, velocity > 0], axis=1)
    return np.asarray((cut_edges(xyxy, picture) & outwards).any(axis=1))


def hidden_share(xyxy: Boxes, by: Mask) -> Floats:
    """(N,) of boxes, behind one of those of `by` (N,): nearer ones reach lower."""
    bottom = xyxy[:, 3]
    nearer = by & (bottom > bottom[:, None])  # (N, N)
    covered = np.where(nearer, boxes.coverage(xyxy, xyxy), 0)
    return np.asarray(covered.max(axis=1, initial=0), np.float32)


def sight(expected: Floats, followed: Floats) -> Floats:
    """(N,) share of objects to be followed, from their hidden shares at two places each.

    A visual tracker holds on to the edge of what its object goes behind, and is sure of it. In a
    queue, an object is as much hidden where it is followed as where it should be.
    """
    goes_behind = (expected > HIDDEN) & (expected > followed + GOES_BEHIND)
    return np.where(goes_behind, 1 - expected, 1).astype(np.float32)


def _columns(xyxy: Boxes) -> Floats:
    """(N, 4) centre and size."""
    return np.concatenate([boxes.centres(xyxy), boxes.sizes(xyxy)], axis=1)


def _unit(xyxy: Boxes) -> Floats:
    """(N, 4) what noise is a share of: the mean side for the centre, each side for itself."""
    side = np.sqrt(boxes.areas(xyxy))
    return np.stack([side, side, *boxes.sizes(xyxy).T], axis=1)
