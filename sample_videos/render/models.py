"""What a kind of road user is made of, whoever renders it."""

from __future__ import annotations

from dataclasses import dataclass

from render.shapes import Part

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")  # 1 to 6 in gt.txt
FRONT_OF_HITCH_M = 1.6  # of a trailer


@dataclass(frozen=True)
class Wheel:
    """One wheel: where it stands, how large it is, and whose: car, heavy, motorcycle, bicycle."""

    x: float
    y: float
    radius: float
    width: float
    kind: str = "car"


@dataclass(frozen=True)
class Light:
    """A headlight's place on the body."""

    x: float
    y: float
    z: float


@dataclass
class Model:
    """A kind of road user, standing on z = 0 with the middle of its length at x = 0.

    Attributes:
        poses: one list of parts a pose; several for walkers and cyclists, who step through them.
        stride_m: way travelled through all poses.
        trailer: what is towed, with its hitch at its own x = 0, and where the hitch is on this one.
    """

    name: str
    kind: str
    length: float
    width: float
    height: float
    poses: list[list[Part]]
    wheels: tuple[Wheel, ...] = ()
    headlights: tuple[Light, ...] = ()
    stride_m: float = 0.0
    trailer: Model | None = None
    hitch_x: float = 0.0

    def pose_at(self, driven_m: float) -> int:
        if len(self.poses) == 1:
            return 0
        return int(driven_m / self.stride_m * len(self.poses)) % len(self.poses)
