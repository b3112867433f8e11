"""Lays a picture into a tile of a training sample: one warp for zoom, aspect, turn, flip and place.

Zoom 1 shows a picture as large as the detector will see it, whatever the tile's size: a small tile
shows a part of it. Objects keep the size that they will have.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes, Image
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
    """
    zoom = _log_uniform(rng, *source.zoom)
    own, wanted = picture[0] / picture[1], full[0] / full[1]
    aspect = _log_uniform(rng, *(source.aspect or sorted((own, wanted))))
    area = full[0] * full[1] * zoom**2
    drawn = np.array([np.sqrt(area * aspect), np.sqrt(area / aspect)])
    scale = drawn / picture
    space = np.array(tile, np.float64)
    if len(xyxy) and rng.random() < _AIMED:
        middle = boxes.centres(xyxy[rng.integers(len(xyxy))][None])[0]
        offset = rng.uniform(0.15, 0.85, 2) * space - middle * scale
    else:
        offset = (space - drawn) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(drawn - space)
    # The picture covers the tile, or lies in it.
    offset = np.clip(offset, np.minimum(0, space - drawn), np.maximum(0, space - drawn))
    matrix = snapped(np.column_stack([np.diag(scale), offset]), picture, tile)
    if rng.random() < settings.flip:
        matrix = _then(np.array([[-1.0, 0, space[0]], [0, 1, 0]]), matrix)
    if settings.rotation_degrees and rng.random() < _TURNED:
        angle = np.radians(rng.normal(0, settings.rotation_degrees))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = _then(np.column_stack([turn, space / 2 - turn @ (space / 2)]), matrix)
    return matrix


def fitting_matrix(picture: Size, tile: Size) -> Matrix:
    """The picture stretched to the tile, as at inference."""
    return np.column_stack([np.diag([tile[0] / picture[0], tile[1] / picture[1]]), np.zeros(2)])


def snapped(matrix: Matrix, picture: Size, tile: Size) -> Matrix:
    """An upright matrix moved by parts of a pixel, so that whole pixels fill whole pixels.

    Then the picture can be resized in place of warped, in a quarter of the time. Where little of a
    picture is shown, pixels are large, and the matrix stays.
    """
    moved = matrix.copy()
    for axis, (length, space) in enumerate(zip(picture, tile, strict=True)):
        scale, offset = matrix[axis, axis], matrix[axis, 2]
        if scale * length > space:  # the picture covers the tile
            low, high = (round((edge - offset) / scale) for edge in (0, space))
            if high - low >= _LEAST_SNAPPED:
                moved[axis, axis] = space / (high - low)
                moved[axis, 2] = -low * moved[axis, axis]
        else:
            low, high = round(offset), round(offset + scale * length)
            if high - low >= _LEAST_SNAPPED:
                moved[axis, axis], moved[axis, 2] = (high - low) / length, low
    return moved


def lay_picture(image: Image, matrix: Matrix, tile: Size) -> Image:
    """The tile (H, W, 3), grey where the picture does not reach."""
    import cv2

    grey = (PADDING, PADDING, PADDING)
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
    of_middles = matrix.copy()  # OpenCV's coordinates are those of the pixels' middles
    of_middles[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    laid = cv2.warpAffine(image, of_middles, tile, flags=cv2.INTER_LINEAR, borderValue=grey)
    return np.asarray(laid, np.uint8)


def lay_boxes(xyxy: Boxes, matrix: Matrix, tile: Size) -> Laid:
    """Boxes around the laid boxes, cut at the tile's edges."""
    corners = xyxy[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ matrix[:, :2].T + matrix[:, 2]
    whole = np.concatenate([corners.min(1), corners.max(1)], axis=1).astype(np.float32)
    cut = boxes.clip(whole, tile)
    visible = boxes.areas(cut) / np.maximum(boxes.areas(whole), np.float32(1e-6))
    return Laid(cut, np.asarray(visible, np.float32))


def _span(matrix: Matrix, axis: int, length: int, space: int) -> tuple[int, int, int, int] | None:
    """Which whole pixels of the picture fill which of the tile, along an axis; None if none do."""
    scale, offset = matrix[axis, axis], matrix[axis, 2]
    if matrix[axis, 1 - axis] or not scale:
        return None
    mirrored = scale < 0
    if mirrored:
        scale, offset = -scale, offset + scale * length
    start, end = max(0.0, offset), min(float(space), offset + scale * length)
    ends = np.array([(start - offset) / scale, (end - offset) / scale, start, end])
    whole = np.rint(ends)
    if end <= start or np.abs(ends - whole).max() > _EXACT_PX:
        return None
    low, high, first, last = whole.astype(int).tolist()
    return (length - high, length - low, first, last) if mirrored else (low, high, first, last)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _then(second: Matrix, first: Matrix) -> Matrix:
    """The transformation `first`, then `second`."""
    return np.column_stack(
        [second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]]
    )
