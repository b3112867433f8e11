"""Lays a picture into a tile of a training sample: one warp for zoom, aspect, turn, flip and place.

Zoom 1 shows a picture as large as the detector will see it, whatever the tile's size: a small tile
shows a part of it. Objects keep the size that they will have.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.frames import Image
from acme_tracker.training.settings import AugmentationSettings, SourceOfImages

PADDING = 114
_TURNED = 1 / 3  # share of the samples
_LEAST_SNAPPED = 64  # pixels: half of one more or less is 1 % of them at most
_EXACT_PX = 1e-6
_AIMED = 0.6  # share of the samples with one of its objects in view

Matrix = NDArray[np.float64]  # (2, 3): picture to tile
Size = tuple[int, int]  # (width, height)


class Laid(NamedTuple):
    """Boxes in a tile.

    Attributes:
        xyxy: (N, 4) cut at the tile's edges.
        visible: (N,) the share of each that is left.
    """

    xyxy: Boxes
    visible: NDArray[np.float32]


def draw_matrix(
    picture: Size,
    tile: Size,
    full: Size,
    xyxy: Boxes,
    source: SourceOfImages,
    settings: AugmentationSettings,
    rng: np.random.Generator,
    zoom: float = 1,
) -> Matrix:
    """A random way to lay a picture with these boxes into a tile.

    Args:
        picture: size of the picture.
        tile: size of the tile.
        full: the detector's input size.
        xyxy: (N, 4) the picture's boxes.
        source: ranges of zoom and aspect.
        settings: flip and turn.
        rng: everything random comes from it.
        zoom: on top of the source's.
    """
    zoom *= _log_uniform(rng, *source.zoom)
    own, wanted = picture[0] / picture[1], full[0] / full[1]
    aspect = _log_uniform(rng, *(source.aspect or sorted((own, wanted))))
    area = full[0] * full[1] * zoom**2
    drawn = (math.sqrt(area * aspect), math.sqrt(area / aspect))
    aim = None
    if len(xyxy) and rng.random() < _AIMED:
        left, top, right, bottom = xyxy[rng.integers(len(xyxy))].tolist()
        aim = ((left + right) / 2, (top + bottom) / 2)
    matrix = np.zeros((2, 3))
    for axis, (length, shown, space) in enumerate(zip(picture, drawn, tile, strict=True)):
        scale, room = shown / length, space - shown
        if aim is None:
            offset = room / 2 + _uniform(rng, -0.5, 0.5) * abs(room)
        else:
            offset = _uniform(rng, 0.15, 0.85) * space - aim[axis] * scale
        # The picture covers the tile, or lies in it.
        offset = min(max(offset, min(0, room)), max(0, room))
        matrix[axis, axis], matrix[axis, 2] = _snapped(scale, offset, length, space)
    if rng.random() < settings.flip:
        matrix[0] = -matrix[0, 0], 0, tile[0] - matrix[0, 2]
    if settings.rotation_degrees and rng.random() < _TURNED:
        angle = math.radians(rng.normal(0, settings.rotation_degrees))
        cos, sin = math.cos(angle), math.sin(angle)
        turn, middle = np.array([[cos, -sin], [sin, cos]]), np.array(tile) / 2
        matrix = turn @ matrix
        matrix[:, 2] += middle - turn @ middle
    return matrix


def fitting_matrix(picture: Size, tile: Size) -> Matrix:
    """The picture stretched to the tile, as at inference."""
    return np.column_stack([np.diag([tile[0] / picture[0], tile[1] / picture[1]]), np.zeros(2)])


def _snapped(scale: float, offset: float, length: int, space: int) -> tuple[float, float]:
    """A scale and offset along an axis, changed so that whole pixels fill whole pixels.

    Then the picture can be resized in place of warped, in a quarter of the time. Where little of a
    picture is shown, pixels are large, and nothing changes.
    """
    if scale * length > space:  # the picture covers the tile
        low, high = (round((edge - offset) / scale) for edge in (0, space))
        if high - low >= _LEAST_SNAPPED:
            scale = space / (high - low)
            offset = -low * scale
    else:
        low, high = round(offset), round(offset + scale * length)
        if high - low >= _LEAST_SNAPPED:
            scale, offset = (high - low) / length, low
    return scale, offset


def lay_picture(image: Image, matrix: Matrix, tile: Size) -> Image:
    """The tile (H, W, 3), grey where the picture does not reach."""
    import cv2

    across = _span(matrix, 0, image.shape[1], tile[0])
    down = _span(matrix, 1, image.shape[0], tile[1])
    if across and down:
        (left, right, x, x_end), (top, bottom, y, y_end) = across, down
        shown = image[top:bottom, left:right]
        resized = cv2.resize(shown, (x_end - x, y_end - y), interpolation=cv2.INTER_LINEAR)
        if matrix[0, 0] < 0:
            resized = cv2.flip(resized, 1)
        if matrix[1, 1] < 0:
            resized = cv2.flip(resized, 0)
        if resized.shape[:2] == (tile[1], tile[0]):
            return np.asarray(resized, np.uint8)
        whole = np.full((tile[1], tile[0], 3), PADDING, np.uint8)
        whole[y:y_end, x:x_end] = resized
        return whole
    return _warped(image, matrix, tile)


def lay_boxes(xyxy: Boxes, matrix: Matrix, tile: Size) -> Laid:
    """Boxes around the laid boxes, cut at the tile's edges."""
    turn = matrix[:, :2]
    middle = boxes.centres(xyxy) @ turn.T + matrix[:, 2]
    size = boxes.sizes(xyxy) @ np.abs(turn.T)
    whole = boxes.from_centres(middle.astype(np.float32), size.astype(np.float32))
    cut = boxes.clip(whole, tile)
    visible = boxes.areas(cut) / np.maximum(boxes.areas(whole), np.float32(1e-6))
    return Laid(cut, np.asarray(visible, np.float32))


def _span(matrix: Matrix, axis: int, length: int, space: int) -> tuple[int, int, int, int] | None:
    """Which whole pixels of the picture fill which of the tile, along an axis; None if none do."""
    scale, offset = float(matrix[axis, axis]), float(matrix[axis, 2])
    if matrix[axis, 1 - axis] or not scale:
        return None
    mirrored = scale < 0
    if mirrored:
        scale, offset = -scale, offset + scale * length
    start, end = max(0.0, offset), min(float(space), offset + scale * length)
    ends = ((start - offset) / scale, (end - offset) / scale, start, end)
    low, high, first, last = whole = [round(value) for value in ends]
    off = max(abs(value - nearest) for value, nearest in zip(ends, whole, strict=True))
    if end <= start or off > _EXACT_PX:
        return None
    return (length - high, length - low, first, last) if mirrored else (low, high, first, last)


def _warped(image: Image, matrix: Matrix, tile: Size) -> Image:
    """The tile by a warp: in four channels, which OpenCV does in half the time of three."""
    import cv2

    # Only what may be seen is given a fourth channel.
    turn, offset = np.linalg.inv(matrix[:, :2]), matrix[:, 2]
    corners = (np.array([[0, 0], [tile[0], 0], tile, [0, tile[1]]]) - offset) @ turn.T
    low = np.clip(np.floor(corners.min(0)) - 1, 0, None).astype(int)
    left, top = np.minimum(low, (image.shape[1] - 1, image.shape[0] - 1)).tolist()
    right, bottom = np.maximum(np.ceil(corners.max(0)) + 1, low + 1).astype(int).tolist()
    seen = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2RGBA)
    # OpenCV's coordinates are those of the pixels' middles.
    shift = matrix[:, :2] @ (left + 0.5, top + 0.5) + offset - 0.5
    of_seen = np.column_stack([matrix[:, :2], shift])
    grey = (PADDING, PADDING, PADDING, 255)
    laid = cv2.warpAffine(seen, of_seen, tile, flags=cv2.INTER_LINEAR, borderValue=grey)
    return np.asarray(cv2.cvtColor(laid, cv2.COLOR_RGBA2RGB), np.uint8)


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return low * math.exp(math.log(high / low) * rng.random())
