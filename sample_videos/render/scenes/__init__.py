"""The scenes by name."""

from __future__ import annotations

from render.scene import Scene
from render.scenes import highway, intersection, night

SCENES = {
    "intersection": intersection.scene,
    "highway": highway.scene,
    "night": night.scene,
}


def scene(name: str, seed: int | None = None) -> Scene:
    """A scene, with its own traffic for each seed."""
    return SCENES[name](seed)
