"""How the road users of drawn clips look, as one sees them from a camera beside the road.

A pinhole camera stands CAMERA_M above the ground and looks across the road. A ground point is
(x, z): metres to the right of the camera and away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
CAMERA_M, FOCAL_PX, HORIZON_PX = 9.0, 420.0, 20.0
FINE = 4  # objects are drawn this much larger, then averaged
Colour = tuple[int, int, int]  # BGR
Points = Sequence[tuple[float, float]]
GLASS, RUBBER, STEEL, SKIN = (92, 78, 62), (34, 32, 32), (176, 174, 170), (120, 150, 200)


@dataclass(frozen=True)
class Mover:
    """Something that crosses the picture at a constant speed.

    Attributes:
        at: the z of its lane, or its x where it drives away from the camera.
        speed: metres a second; below 0 to the left.
        enters_s: when its first end touches the edge of the picture.
        shape: (length, width, height) in metres.
    """

    kind: str
    at: float
    speed: float
    enters_s: float
    colour: Colour
    shape: tuple[float, float, float]
    away: bool = False


def place(x: float, z: float) -> tuple[float, float]:
    """Ground point -> pixel."""
    return WIDTH / 2 + FOCAL_PX * x / z, HORIZON_PX + FOCAL_PX * CAMERA_M / z


def ground_point(mover: Mover, time_s: float) -> tuple[float, float]:
    """(x, z) of the middle of a mover's near side."""
    driven = mover.speed * (time_s - mover.enters_s)
    if mover.away:
        nearest = FOCAL_PX * (CAMERA_M - mover.shape[2]) / (HEIGHT - HORIZON_PX)  # roof at the edge
        return mover.at, nearest + driven
    edge = mover.at * WIDTH / 2 / FOCAL_PX + mover.shape[0] / 2
    return driven - np.sign(mover.speed) * edge, mover.at


class Brush:
    """Paints one object in metres (along it, up) onto a small fine canvas around it."""

    def __init__(self, mover: Mover, x: float, z: float) -> None:
        length, width, height = mover.shape
        self.scale = FOCAL_PX / z
        self.deep = mover.shape[0] if mover.away else width
        self.across = width if mover.away else length
        self.z, self.flip = z, mover.speed < 0
        middle, base = place(x, z)
        self.left = int(np.floor(middle - self.scale * (self.across / 2 + 0.3)))
        self.top = int(np.floor(base - self.scale * (height + self.rise(0) + 0.2)))
        self.right = int(np.ceil(middle + self.scale * (self.across / 2 + 0.3)))
        self.bottom = int(np.ceil(base + 0.2 * self.scale))
        self.origin = (middle - self.left, base - self.top)
        shape = ((self.bottom - self.top) * FINE, (self.right - self.left) * FINE)
        self.colours = np.zeros((*shape, 3), np.uint8)
        self.mask = np.zeros(shape, np.uint8)

    def rise(self, height: float) -> float:
        """How far above its near edge a level face at a height shows its far edge, in metres."""
        return max(0.0, CAMERA_M - height) * self.deep / (self.z + self.deep)

    def to_canvas(self, points: Points) -> NDArray[np.int32]:
        along_up = np.array(points, float) - (self.across / 2, 0)
        along_up *= (-self.scale if self.flip else self.scale, -self.scale)
        return np.round((along_up + self.origin) * FINE * 16).astype(np.int32)  # 4 binary places

    def fill(self, colour: Colour, points: Points) -> None:
        for canvas, value in ((self.colours, colour), (self.mask, 255)):
            cv2.fillPoly(canvas, [self.to_canvas(points)], value, shift=4)

    def raise_up(self, colour: Colour, points: Points, height: float) -> None:
        """The faces that one sees from above: a side, swept to the far side of the object."""
        for up in np.linspace(self.rise(height), 0, 24):
            self.fill(colour, [(x, y + up) for x, y in points])

    def line(self, colour: Colour, width: float, points: Points) -> None:
        thick = max(1, round(width * self.scale * FINE))
        for canvas, value in ((self.colours, colour), (self.mask, 255)):
            cv2.polylines(canvas, [self.to_canvas(points)], False, value, thick, shift=4)

    def disc(self, colour: Colour, centre: tuple[float, float], radius: float) -> None:
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        rim = np.array(centre) + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        self.fill(colour, rim.tolist())

    def wheel(self, centre: tuple[float, float], radius: float, driven: float) -> None:
        self.disc(RUBBER, centre, radius)
        self.disc(STEEL, centre, 0.62 * radius)
        for spoke in range(5):
            angle = spoke * 2 * np.pi / 5 - driven / radius
            tip = (
                centre[0] + 0.6 * radius * np.cos(angle),
                centre[1] + 0.6 * radius * np.sin(angle),
            )
            self.line(RUBBER, 0.04, [centre, tip])

    def finish(self, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Colours (H, W, 3) and cover (H, W, 1), with light from above and stains that stay."""
        rng = np.random.default_rng(seed)
        shade = np.full(self.mask.shape, 128, np.uint8)
        for _ in range(90):
            spot = (rng.uniform(0, self.across), rng.uniform(0, 3.5))
            centre = self.to_canvas([spot])[0] // 16
            radius = int(rng.uniform(0.03, 0.16) * self.scale * FINE)
            cv2.circle(shade, centre.tolist(), radius, int(rng.integers(106, 150)), -1)
        light = np.linspace(1.12, 0.86, len(shade), dtype=np.float32)[:, None] * shade / 128
        colours = np.clip(self.colours * light[..., None], 0, 255) * (self.mask[..., None] > 0)
        size = (self.right - self.left, self.bottom - self.top)
        cover = cv2.resize(self.mask, size, interpolation=cv2.INTER_AREA)[..., None] / 255
        small = cv2.resize(colours.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32), cover.astype(np.float32)


def lighter(colour: Colour, factor: float) -> Colour:
    blue, green, red = (int(min(255, factor * part)) for part in colour)
    return blue, green, red


def draw_car(brush: Brush, mover: Mover, driven: float) -> None:
    body = [(0.05, 0.3), (0, 0.6), (0.08, 0.92), (1, 0.98), (3.2, 0.95), (4.15, 0.82), (4.38, 0.6),
            (4.35, 0.3)]  # fmt: skip
    cabin = [(0.45, 0.95), (1, 1.45), (2.5, 1.48), (3.35, 0.95)]
    brush.raise_up(lighter(mover.colour, 1.2), body, 0.9)
    brush.raise_up(lighter(mover.colour, 1.35), cabin, 1.5)
    far = brush.rise(1.5)
    for low, high in (((3.35, 0.95), (2.55, 1.46)), ((0.45, 0.95), (0.95, 1.43))):
        brush.fill(GLASS, [low, high, (high[0], high[1] + far), (low[0], low[1] + far)])
    brush.fill(mover.colour, body)
    brush.fill(mover.colour, cabin)
    brush.fill(GLASS, [(0.75, 0.98), (1.12, 1.38), (1.75, 1.4), (1.75, 0.98)])
    brush.fill(GLASS, [(1.87, 0.98), (1.87, 1.4), (2.45, 1.4), (3.05, 0.98)])
    brush.line(lighter(mover.colour, 0.6), 0.03, [(1.81, 0.96), (1.81, 0.35)])
    brush.fill((150, 230, 250), [(4.2, 0.62), (4.36, 0.58), (4.36, 0.7), (4.2, 0.76)])
    brush.fill((40, 40, 200), [(0, 0.62), (0.16, 0.62), (0.16, 0.82), (0.05, 0.85)])
    for x in (0.85, 3.5):
        brush.wheel((x, 0.32), 0.32, driven)


def draw_car_from_behind(brush: Brush, mover: Mover) -> None:
    body = [(0, 0.25), (0, 0.8), (0.12, 0.98), (1.68, 0.98), (1.8, 0.8), (1.8, 0.25)]
    cabin = [(0.14, 0.95), (0.32, 1.46), (1.48, 1.46), (1.66, 0.95)]
    for x in (0.08, 1.45):
        brush.fill(RUBBER, [(x, 0), (x + 0.27, 0), (x + 0.27, 0.4), (x, 0.4)])
    brush.raise_up(lighter(mover.colour, 1.2), body, 0.9)
    brush.raise_up(lighter(mover.colour, 1.35), cabin, 2.8)
    brush.fill(mover.colour, body)
    brush.fill(mover.colour, cabin)
    brush.fill(GLASS, [(0.3, 1.0), (0.42, 1.38), (1.38, 1.38), (1.5, 1.0)])
    brush.fill((225, 225, 220), [(0.62, 0.5), (1.18, 0.5), (1.18, 0.64), (0.62, 0.64)])
    for x in (0.04, 1.5):
        brush.fill((40, 36, 205), [(x, 0.66), (x + 0.26, 0.66), (x + 0.26, 0.84), (x, 0.84)])


def box(left: float, low: float, right: float, high: float) -> Points:
    return [(left, low), (left, high), (right, high), (right, low)]


def draw_bus(brush: Brush, mover: Mover, driven: float) -> None:
    length, _, height = mover.shape
    brush.raise_up(lighter(mover.colour, 1.25), box(0, 0.35, length, height), height)
    brush.fill(mover.colour, box(0, 0.35, length, height))
    brush.fill((235, 235, 232), box(0, 0.9, length, 1.25))
    for left in np.arange(0.35, length - 1.2, 1.45):
        brush.fill(GLASS, box(left, 1.55, left + 1.25, 2.55))
    brush.fill(GLASS, box(length - 0.5, 1.2, length, 2.6))
    for left in (length - 1.8, length / 2):
        brush.line(RUBBER, 0.05, [*box(left, 0.45, left + 1.1, 2.6), (left, 0.45)])
    for x in (2.3, length - 2.5):
        brush.wheel((x, 0.5), 0.5, driven)


def draw_truck(brush: Brush, mover: Mover, driven: float) -> None:
    length, _, height = mover.shape
    cab = [
        (length - 1.8, 0.5),
        (length - 1.8, 2.3),
        (length - 0.4, 2.3),
        (length, 1.4),
        (length, 0.5),
    ]
    brush.fill(RUBBER, box(0.2, 0.45, length - 0.2, 0.85))
    brush.raise_up((130, 80, 60), cab, 2.3)
    brush.raise_up(lighter(mover.colour, 1.2), box(0, 0.85, length - 2.0, height), height)
    brush.fill(mover.colour, box(0, 0.85, length - 2.0, height))
    for x in np.arange(0.8, length - 2.2, 0.8):
        brush.line(lighter(mover.colour, 0.8), 0.05, [(x, 0.9), (x, height - 0.05)])
    brush.fill((40, 90, 190), box(0.6, 1.6, length - 2.8, 2.3))
    brush.fill((110, 66, 48), cab)
    brush.fill(
        GLASS, [(length - 1.3, 1.4), (length - 1.3, 2.1), (length - 0.5, 2.1), (length - 0.2, 1.4)]
    )
    for x in (1.2, 2.3, length - 1.1):
        brush.wheel((x, 0.45), 0.45, driven)


def draw_two_wheeler(brush: Brush, mover: Mover, driven: float) -> None:
    length = mover.shape[0]
    radius = 0.33
    rear, front = (radius, radius), (length - radius, radius)
    pedal = driven / 0.9
    for hub in (rear, front):
        if mover.kind == "motorcycle":
            brush.wheel(hub, radius, driven)
            continue
        turn = np.linspace(0, 2 * np.pi, 25)
        rim = [(hub[0] + radius * np.cos(a), hub[1] + radius * np.sin(a)) for a in turn]
        brush.line(RUBBER, 0.07, rim)
    if mover.kind == "motorcycle":
        brush.fill(
            mover.colour,
            [(0.2, 0.75), (0.9, 0.85), (1.5, 1.0), (1.75, 0.6), (1.2, 0.3), (0.6, 0.35)],
        )
        pedal = 0.8
    seat, bar, crank = (0.55, 0.85), (length - 0.55, 1.0), (length / 2, 0.4)
    brush.line(mover.colour, 0.07, [rear, seat, crank, rear])
    brush.line(mover.colour, 0.07, [crank, (length - 0.55, 0.85), front])
    for side in (0, np.pi):
        foot = (crank[0] + 0.15 * np.cos(side - pedal), crank[1] + 0.15 * np.sin(side - pedal))
        brush.line(
            (70, 60, 50), 0.14, [seat, (seat[0] + 0.42, (seat[1] + foot[1]) / 2 + 0.18), foot]
        )
    brush.line(mover.colour, 0.34, [(0.6, 0.98), (0.85, 1.32)])
    brush.line(SKIN, 0.1, [(0.9, 1.3), bar])
    brush.disc(SKIN if mover.kind == "bicycle" else (60, 60, 60), (0.98, 1.56), 0.14)


def draw_person(brush: Brush, mover: Mover, driven: float) -> None:
    swing = 0.28 * np.sin(driven * 2 * np.pi / 1.4)
    for side, colour in ((-1, (84, 66, 56)), (1, (104, 82, 70))):
        brush.line(
            colour,
            0.15,
            [(0.3, 0.85), (0.3 + side * swing * 0.6, 0.45), (0.3 + side * swing, 0.06)],
        )
    brush.fill(
        mover.colour,
        [(0.16, 0.8), (0.14, 1.4), (0.22, 1.48), (0.4, 1.48), (0.46, 1.4), (0.44, 0.8)],
    )
    brush.line(lighter(mover.colour, 0.8), 0.1, [(0.3, 1.38), (0.3 - 0.7 * swing, 0.95)])
    brush.disc(SKIN, (0.31, 1.61), 0.12)
    brush.fill((40, 48, 60), [(0.19, 1.62), (0.2, 1.72), (0.31, 1.76), (0.41, 1.72), (0.4, 1.66)])


SIDE_VIEWS = {
    "car": draw_car, "bus": draw_bus, "truck": draw_truck, "person": draw_person,
    "bicycle": draw_two_wheeler, "motorcycle": draw_two_wheeler,
}  # fmt: skip


def draw_mover(mover: Mover, x: float, z: float, time_s: float) -> Brush:
    brush = Brush(mover, x, z)
    if mover.away:
        draw_car_from_behind(brush, mover)
    else:
        SIDE_VIEWS[mover.kind](brush, mover, abs(mover.speed) * time_s)
    return brush
