"""A pinhole camera over flat ground: world metres (z up) to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """Where the camera stands, where it looks, and its focal length.

    Pixels count from the picture's upper left corner; the middle of the first is (0.5, 0.5).
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    focal_px: float
    size: tuple[int, int]

    def moved(self, seed: int) -> Camera:
        """The camera on another mast near by, turned and zoomed: another view each seed."""
        draw = np.random.default_rng(seed)
        east, north, aside, along = draw.uniform(-4.0, 4.0, 4)
        x, y, height = self.position
        return replace(
            self,
            position=(x + east, y + north, height * draw.uniform(0.7, 1.5)),
            target=(self.target[0] + aside, self.target[1] + along, 0.0),
            focal_px=self.focal_px * draw.uniform(0.75, 1.3),
        )

    def resized(self, width: int) -> Camera:
        """The same view in a picture of another width."""
        scale = width / self.size[0]
        height = 2 * round(self.size[1] * scale / 2)
        return replace(self, focal_px=self.focal_px * scale, size=(width, height))

    @property
    def rotation(self) -> Array:
        """(3, 3): world directions to the camera's (right, down, ahead)."""
        ahead = np.subtract(self.target, self.position)
        ahead = ahead / np.linalg.norm(ahead)
        right = np.array((ahead[1], -ahead[0], 0.0)) / hypot(ahead[0], ahead[1])
        return np.stack([right, np.cross(ahead, right), ahead])

    @property
    def intrinsics(self) -> Array:
        width, height = self.size
        focal = self.focal_px
        return np.array(((focal, 0, width / 2), (0, focal, height / 2), (0, 0, 1.0)))

    def to_camera(self, world: Array) -> Array:
        """(N, 3) world to (N, 3) right, down, ahead in metres."""
        return np.asarray((world - np.array(self.position)) @ self.rotation.T)

    def project(self, world: Array) -> tuple[Array, Array]:
        """(N, 3) to pixels (N, 2) and depth (N,); meaningless where depth is not above 0."""
        seen = self.to_camera(world)
        depth = seen[:, 2]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        return seen[:, :2] / safe[:, None] * self.focal_px + np.array(self.size) / 2, depth

    @property
    def ground_to_image(self) -> Array:
        """Homography (3, 3) from metres (x, y, 1) on the ground to pixels."""
        rotation = self.rotation
        shift = -rotation @ np.array(self.position)
        found = self.intrinsics @ np.column_stack([rotation[:, 0], rotation[:, 1], shift])
        return np.asarray(found / found[2, 2])

    @property
    def image_to_ground(self) -> Array:
        found = np.linalg.inv(self.ground_to_image)
        return np.asarray(found / found[2, 2])

    def ground(self, pixels: Array) -> Array:
        """Where rays through pixels (N, 2) meet the ground, (N, 2) metres."""
        found = np.column_stack([pixels, np.ones(len(pixels))]) @ self.image_to_ground.T
        return np.asarray(found[:, :2] / found[:, 2:])
