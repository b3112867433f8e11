"""Which meshes stand where at a time: the one source of both pictures and truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from render import fleet
from render.models import Model, Wheel
from render.movers import Mover, Pose, pose
from render.scene import Scene

Array = NDArray[np.float64]
_STANDING = 0.25  # m/s


@dataclass(frozen=True)
class Placed:
    """A mesh, and its place: turned by `spin` around y, then by `heading` around z, then moved.

    `slot` tells the pieces of one road user apart; a slot may change its mesh (steps of a walk).
    """

    slot: str
    mesh: str
    x: float
    y: float
    z: float
    heading: float
    spin: float = 0.0

    @property
    def matrix(self) -> Array:
        """(4, 4)."""
        c, s = np.cos(self.heading), np.sin(self.heading)
        cs, ss = np.cos(self.spin), np.sin(self.spin)
        return np.array(
            (
                (c * cs, -s, c * ss, self.x),
                (s * cs, c, s * ss, self.y),
                (-ss, 0.0, cs, self.z),
                (0.0, 0.0, 0.0, 1.0),
            )
        )


def wheel_mesh(wheel: Wheel) -> str:
    return f"wheel-{wheel.kind}-{wheel.radius:g}-{wheel.width:g}"


def body_mesh(model: Model, step: int) -> str:
    return f"{model.name}-{step}"


def placed(scene: Scene, mover: Mover, time_s: float) -> list[Placed]:
    """All pieces of a road user; none before it comes and after it has gone."""
    now = pose(mover, time_s)
    if now is None:
        return []
    model = fleet.model(mover.model)
    z = scene.height_at(now.x, now.y) if model.kind == "person" else 0.0
    found = _rigid("body", model, now.x, now.y, z, now.heading, now)
    if model.trailer is not None:
        x = now.x + model.hitch_x * float(np.cos(now.heading))
        y = now.y + model.hitch_x * float(np.sin(now.heading))
        found += _rigid("trailer", model.trailer, x, y, z, now.trailer_heading, now)
    return found


def _rigid(
    slot: str, model: Model, x: float, y: float, z: float, heading: float, now: Pose
) -> list[Placed]:
    step = model.pose_at(now.driven_m) if now.speed > _STANDING else 0
    found = [Placed(slot, body_mesh(model, step), x, y, z, heading)]
    cosine, sine = np.cos(heading), np.sin(heading)
    for number, wheel in enumerate(model.wheels):
        outer = wheel.y >= 0  # a wheel's outer face looks to +y: turned round on the right
        found.append(
            Placed(
                f"{slot}-wheel-{number}",
                wheel_mesh(wheel),
                float(x + cosine * wheel.x - sine * wheel.y),
                float(y + sine * wheel.x + cosine * wheel.y),
                z + wheel.radius,
                heading if outer else heading + np.pi,
                now.driven_m / wheel.radius * (1 if outer else -1),
            )
        )
    return found


def within(scene: Scene, mover: Mover, time_s: float, margin_m: float = 25.0) -> bool:
    """Whether any of it may be in the picture, or throw its shadow or light into it."""
    now = pose(mover, time_s)
    if now is None:
        return False
    spot = np.array([[now.x, now.y, 1.0]])
    across, _, depth = scene.camera.to_camera(spot)[0]
    if not -margin_m < depth < scene.seen_m:
        return False
    reach = scene.camera.size[0] / 2 / scene.camera.focal_px
    return bool(abs(across) < reach * max(depth, 0.0) + margin_m)
