"""Exact truth of a frame: boxes of whole meshes, and how much of each can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render import raster
from render.camera import Camera
from render.models import CLASSES
from render.placing import Placed

Array = NDArray[np.float64]
Index = NDArray[np.uint16]  # (H, W): the road user that a pixel shows, 0 for none
SEEN_ENOUGH, TALL_ENOUGH_PX = 0.25, 16  # less is flagged 0: neither right nor wrong to find
_LEAST_PX = 12  # a road user of fewer pixels in the picture has no row
_FINE_PX = 400  # an object of longer sides has pixels to spare
Meshes = Mapping[str, tuple[NDArray[np.float32], NDArray[np.int32]]]  # vertices, triangles


@dataclass(frozen=True)
class TruthRow:
    """One road user on one frame; the box is of what lies in the picture, seen or hidden."""

    track_id: int
    kind: str
    xyxy: tuple[float, float, float, float]
    visibility: float

    @property
    def scored(self) -> bool:
        tall = self.xyxy[3] - self.xyxy[1] >= TALL_ENOUGH_PX
        return tall and self.visibility >= SEEN_ENOUGH

    def mot(self, frame_number: int) -> str:
        left, top, right, bottom = self.xyxy
        box = f"{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f}"
        kind = CLASSES.index(self.kind) + 1
        return f"{frame_number},{self.track_id},{box},{self.scored:d},{kind},{self.visibility:.3f}"


def silhouette(camera: Camera, pieces: Sequence[Placed], meshes: Meshes) -> Array:
    """Triangles (N, 3, 2) in pixels of all that lies before the camera."""
    found = []
    for piece in pieces:
        vertices, faces = meshes[piece.mesh]
        world = vertices @ piece.matrix[:3, :3].T + piece.matrix[:3, 3]
        corners = raster.clip_near(camera.to_camera(world)[faces])
        found.append(corners[:, :, :2] / corners[:, :, 2:] * camera.focal_px)
    return np.concatenate(found) + np.array(camera.size) / 2


def row(
    camera: Camera,
    track_id: int,
    kind: str,
    pieces: Sequence[Placed],
    meshes: Meshes,
    index: Index,
) -> TruthRow | None:
    """None for what lies outside the picture or is too small to speak of."""
    pixels = silhouette(camera, pieces, meshes)
    if not len(pixels):
        return None
    size = np.array(camera.size)
    (left, top), (right, bottom) = raster.extent(pixels, size)
    if right - left < 1 or bottom - top < 1:
        return None
    alone, inside = _pixels(pixels, size)
    if inside < _LEAST_PX:
        return None
    window = index[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    visibility = min(int((window == track_id).sum()) / alone, 1.0)
    box = (float(left), float(top), float(right), float(bottom))
    return TruthRow(track_id, kind, box, visibility)


def _pixels(pixels: Array, size: NDArray[np.int64]) -> tuple[int, int]:
    """How many pixels an object would cover, drawn alone: with those beyond the picture, and in it.

    Large objects are sampled at every k-th pixel. Very near the lens one grows without bounds: what
    lies more than three pictures away is left out.
    """
    low, high = pixels.min(axis=(0, 1)), pixels.max(axis=(0, 1))
    first = np.floor(np.maximum(low, -3.0 * size)).astype(np.int64)
    last = np.ceil(np.minimum(high, 4.0 * size)).astype(np.int64)
    step = int(np.ceil((last - first).max() / _FINE_PX))
    width, height = np.maximum(-(-(last - first) // step), 1)
    mask = raster.covered((pixels - first) / step, 0, 0, int(width), int(height))
    rows, columns = np.nonzero(mask)
    middles = first + (np.column_stack([columns, rows]) + 0.5) * step
    inside = ((middles >= 0) & (middles < size)).all(axis=1)
    return len(rows) * step**2, int(inside.sum()) * step**2
