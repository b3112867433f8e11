"""The crossing at night after rain, seen from another arm."""

from __future__ import annotations

from dataclasses import replace

from render.camera import Camera
from render.scene import Scene
from render.scenes import intersection


def scene(seed: int | None = None) -> Scene:
    return replace(
        intersection.scene(9 if seed is None else seed),
        name="night",
        title="a signalled crossing at night after rain, seen from a mast",
        frame_rate=10,
        seconds=10.0,
        weather="night",
        camera=Camera((-35.0, -12.0, 8.0), (1.0, 1.5, 0.0), 540.0, (640, 360)),
        samples=5,
    )
