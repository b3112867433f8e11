"""Walkers, and the riders of bicycles and motorcycles, as limbs around a skeleton."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, radians, sin

from render.models import Light, Model, Wheel
from render.shapes import Part

Spot = tuple[float, float, float]
_POSES = 16


def _limb(start: Spot, length: float, angle: float) -> Spot:
    """The end of a limb that hangs down, swung forwards by an angle."""
    return (start[0] + length * sin(angle), start[1], start[2] - length * cos(angle))


def _head(parts: Part, neck: Spot, lean: float, cover: str) -> None:
    x, y, z = neck[0] + 0.06 * lean, neck[1], neck[2]
    parts.tube([(neck[0], y, z - 0.05), (x, y, z + 0.06)], (0.055, 0.05), "skin")
    parts.ellipsoid((x + 0.02, y, z + 0.16), (0.095, 0.075, 0.115), "skin")
    if cover == "helmet":
        parts.ellipsoid((x, y, z + 0.18), (0.14, 0.12, 0.145), "helmet")
        parts.ellipsoid((x + 0.06, y, z + 0.17), (0.09, 0.095, 0.06), "glass")
    elif cover == "cycle-helmet":
        parts.ellipsoid((x, y, z + 0.24), (0.14, 0.10, 0.075), "helmet")
    else:
        parts.ellipsoid((x - 0.02, y, z + 0.20), (0.105, 0.085, 0.10), "hair")


def _torso(parts: Part, hip: Spot, neck: Spot, coat: bool = False) -> None:
    """Shoulders broader than deep: two tubes side by side under one chest."""
    for side in (-1, 1):
        waist = (hip[0], side * 0.07, hip[2] - (0.22 if coat else 0.02))
        chest = (
            hip[0] + 0.7 * (neck[0] - hip[0]),
            side * 0.10,
            hip[2] + 0.7 * (neck[2] - hip[2]),
        )
        shoulder = (
            hip[0] + 0.93 * (neck[0] - hip[0]),
            side * 0.115,
            hip[2] + 0.93 * (neck[2] - hip[2]),
        )
        parts.tube([waist, chest, shoulder], (0.135 if coat else 0.115, 0.125, 0.075), "shirt")
        parts.ellipsoid((shoulder[0], side * 0.165, shoulder[2] - 0.03), (0.07,) * 3, "shirt")


def walker(name: str = "walker", coat: bool = False, bag: bool = False) -> Model:
    """1.72 m tall; a step takes 0.72 m."""
    return Model(
        name, "person", 0.75, 0.52, 1.72,
        [[_walker_pose(2 * pi * n / _POSES, coat, bag)] for n in range(_POSES)], stride_m=1.44,
    )  # fmt: skip


def _walker_pose(phase: float, coat: bool, bag: bool) -> Part:
    part = Part()
    bob = 0.02 * cos(2 * phase)
    hip, neck = (0.0, 0.0, 0.92 + bob), (0.04, 0.0, 1.44 + bob)
    for side, turn in ((-1, phase), (1, phase + pi)):
        thigh = radians(26) * sin(turn)
        knee_bend = radians(8) + radians(48) * max(0.0, sin(turn + 1.9)) ** 1.5
        joint = (hip[0], side * 0.09, hip[2])
        knee = _limb(joint, 0.43, thigh)
        ankle = _limb(knee, 0.42, thigh - knee_bend)
        part.tube([joint, knee, ankle], (0.088, 0.062, 0.045), "trousers")
        toe = (ankle[0] + 0.17, ankle[1], max(ankle[2] - 0.06, 0.03))
        heel = (ankle[0] - 0.06, ankle[1], max(ankle[2] - 0.05, 0.035))
        part.tube([heel, toe], (0.045, 0.035), "shoe")
        swing = -radians(24) * sin(turn)
        shoulder = (neck[0], side * 0.20, neck[2] - 0.06)
        elbow = _limb(shoulder, 0.29, swing)
        hand = _limb(elbow, 0.26, swing + radians(18))
        part.tube([shoulder, elbow, hand], (0.058, 0.046, 0.034), "shirt")
        part.ellipsoid(hand, (0.045, 0.03, 0.055), "skin")
    _torso(part, hip, neck, coat)
    _head(part, neck, 0.0, "hair")
    if bag:
        part.ellipsoid((-0.16, 0, 1.22 + bob), (0.10, 0.15, 0.2), "bag")
    return part


def cyclist(name: str = "cyclist", helmet: bool = True) -> Model:
    wheels = tuple(Wheel(x, 0.0, 0.34, 0.035, "bicycle") for x in (-0.53, 0.53))
    poses = [[_bicycle(), _cyclist_pose(2 * pi * n / _POSES, helmet)] for n in range(_POSES)]
    return Model(name, "bicycle", 1.74, 0.58, 1.78, poses, wheels, stride_m=4.6)


def _bicycle() -> Part:
    part = Part()
    rear, front, crank = (-0.53, 0, 0.34), (0.53, 0, 0.34), (-0.08, 0, 0.29)
    seat, head = (-0.24, 0, 0.82), (0.36, 0, 0.88)
    for path in ((rear, seat, crank, rear), (crank, head), (seat, head), (head, front)):
        for start, end in pairwise(path):
            part.tube([start, end], (0.02, 0.02), "paint")
    part.tube([(-0.25, 0, 0.84), (-0.27, 0, 0.93)], (0.016, 0.016), "metal")
    part.ellipsoid((-0.27, 0, 0.955), (0.13, 0.07, 0.035), "seat")
    part.tube([head, (0.34, 0, 1.02)], (0.018, 0.018), "metal")
    part.tube([(0.30, -0.28, 1.03), (0.36, 0, 1.04), (0.30, 0.28, 1.03)], (0.017,) * 3, "rubber")
    part.box((-0.60, 0, 0.72), (0.04, 0.06, 0.05), "taillight")
    for x, tilt in ((-0.53, 0.1), (0.53, 0.0)):
        part.tube(
            [(x - 0.28, 0, 0.60 - tilt), (x, 0, 0.72), (x + 0.2, 0, 0.66)], (0.02,) * 3, "trim"
        )
    return part


def _cyclist_pose(phase: float, helmet: bool) -> Part:
    part = Part()
    hip, neck = (-0.25, 0.0, 1.0), (0.08, 0.0, 1.46)
    for side, turn in ((-1, phase), (1, phase + pi)):
        pedal = (-0.08 + 0.17 * cos(turn), side * 0.13, 0.29 - 0.17 * sin(turn))
        joint = (hip[0], side * 0.10, hip[2])
        knee = _middle(joint, pedal, 0.45, 0.45)
        part.tube([joint, knee, (pedal[0] - 0.02, pedal[1], pedal[2] + 0.07)],
                  (0.09, 0.062, 0.042), "trousers")  # fmt: skip
        part.tube([(pedal[0] - 0.1, pedal[1], pedal[2] + 0.04), (pedal[0] + 0.12, pedal[1],
                  pedal[2] + 0.02)], (0.042, 0.035), "shoe")  # fmt: skip
        shoulder, grip = (neck[0], side * 0.19, neck[2] - 0.06), (0.31, side * 0.27, 1.05)
        elbow = tuple((a + b) / 2 for a, b in zip(shoulder, grip, strict=True))
        part.tube([shoulder, (elbow[0] - 0.03, elbow[1] + side * 0.04, elbow[2] - 0.03), grip],
                  (0.056, 0.045, 0.033), "shirt")  # fmt: skip
        part.ellipsoid(grip, (0.05, 0.035, 0.04), "skin")
    _torso(part, hip, neck)
    _head(part, neck, 1.0, "cycle-helmet" if helmet else "hair")
    return part


def _middle(start: Spot, end: Spot, upper: float, lower: float) -> Spot:
    """The joint between two limbs, bent forwards."""
    dx, dz = end[0] - start[0], end[2] - start[2]
    way = min((dx * dx + dz * dz) ** 0.5, 0.99 * (upper + lower))
    along = (upper**2 - lower**2 + way**2) / (2 * way)
    out = max(upper**2 - along**2, 0.0) ** 0.5
    ux, uz = dx / way, dz / way
    x, z = start[0] + along * ux - out * uz, start[2] + along * uz + out * ux
    return (x, (start[1] + end[1]) / 2, z)


def motorcyclist(name: str = "motorcyclist", scooter: bool = False) -> Model:
    radius = 0.26 if scooter else 0.31
    length = 1.95 if scooter else 2.1
    reach = length / 2 - radius
    wheels = tuple(Wheel(x, 0.0, radius, 0.13, "motorcycle") for x in (-reach, reach))
    parts = _scooter(reach, radius) if scooter else _motorcycle(reach, radius)
    return Model(
        name, "motorcycle", length, 0.8, 1.72, [[*parts, _motor_rider(scooter)]], wheels,
        (Light(reach, 0.0, 0.85),),
    )  # fmt: skip


def _motorcycle(reach: float, radius: float) -> list[Part]:
    part = Part()
    part.ellipsoid((0.12, 0, 0.88), (0.32, 0.16, 0.15), "paint")
    part.ellipsoid((-0.42, 0, 0.84), (0.38, 0.13, 0.09), "seat")
    part.ellipsoid((-0.78, 0, 0.86), (0.2, 0.10, 0.09), "paint")
    part.ellipsoid((0.02, 0, 0.50), (0.32, 0.19, 0.24), "metal")
    part.ellipsoid((0.62, 0, 0.92), (0.16, 0.17, 0.17), "paint")
    for side in (-1, 1):
        part.tube([(0.52, side * 0.09, 0.98), (reach, side * 0.09, radius)], (0.03, 0.028), "metal")
        part.tube([(0, side * 0.1, 0.4), (-reach, side * 0.1, radius)], (0.04, 0.03), "trim")
        part.tube([(0.1, -0.2, 0.3), (-0.9, -0.22, 0.42)], (0.05, 0.06), "chrome")
        part.tube([(0.52, 0, 1.02), (0.42, side * 0.36, 1.05)], (0.018, 0.018), "trim")
        part.tube([(0.46, side * 0.3, 1.05), (0.46, side * 0.38, 1.22)], (0.008, 0.03), "trim")
    lamps = Part(bevel_m=0.01)
    lamps.box((0.78, 0, 0.90), (0.05, 0.2, 0.14), "headlight")
    lamps.box((-0.97, 0, 0.86), (0.05, 0.14, 0.07), "taillight")
    lamps.box((-1.0, 0, 0.68), (0.02, 0.2, 0.16), "plate")
    fender = Part().tube([(reach - 0.2, 0, 0.58), (reach, 0, 0.65), (reach + 0.2, 0, 0.56)],
                         (0.07, 0.075, 0.06), "paint")  # fmt: skip
    return [part, lamps, fender]


def _scooter(reach: float, radius: float) -> list[Part]:
    part = Part()
    part.ellipsoid((-0.5, 0, 0.55), (0.42, 0.19, 0.22), "paint")
    part.ellipsoid((-0.4, 0, 0.80), (0.36, 0.15, 0.07), "seat")
    part.ellipsoid((0.52, 0, 0.72), (0.12, 0.21, 0.33), "paint")
    part.ellipsoid((reach, 0, 0.42), (0.25, 0.09, 0.14), "paint")
    part.tube([(0.5, 0, 1.0), (reach, 0, radius)], (0.05, 0.04), "trim")
    for side in (-1, 1):
        part.tube([(0.5, 0, 1.05), (0.42, side * 0.34, 1.06)], (0.02, 0.018), "trim")
    lamps = Part(bevel_m=0.02).box((0.0, 0, 0.32), (0.7, 0.34, 0.1), "paint")
    lamps.box((0.62, 0, 0.95), (0.06, 0.2, 0.12), "headlight")
    lamps.box((-0.93, 0, 0.62), (0.05, 0.18, 0.09), "taillight")
    lamps.box((-0.95, 0, 0.45), (0.02, 0.2, 0.15), "plate")
    lamps.box((-0.78, 0, 1.0), (0.38, 0.4, 0.36), "plastic")
    return [part, lamps]


def _motor_rider(scooter: bool) -> Part:
    part = Part()
    hip = (-0.35, 0.0, 0.92)
    neck = (-0.22, 0.0, 1.44) if scooter else (-0.05, 0.0, 1.40)
    for side in (-1, 1):
        joint = (hip[0], side * 0.1, hip[2])
        foot = (0.12, side * 0.17, 0.42) if scooter else (-0.12, side * 0.24, 0.40)
        knee = _middle(joint, foot, 0.45, 0.42)
        part.tube([joint, (knee[0], side * 0.24, knee[2]), foot], (0.1, 0.07, 0.05), "trousers")
        part.tube([(foot[0] - 0.1, foot[1], foot[2] - 0.04), (foot[0] + 0.14, foot[1], foot[2] -
                  0.06)], (0.05, 0.04), "shoe")  # fmt: skip
        shoulder, grip = (neck[0], side * 0.2, neck[2] - 0.06), (0.42, side * 0.33, 1.06)
        elbow = (
            (shoulder[0] + grip[0]) / 2 - 0.04,
            side * 0.34,
            (shoulder[2] + grip[2]) / 2 - 0.05,
        )
        part.tube([shoulder, elbow, grip], (0.07, 0.055, 0.045), "shirt")
        part.ellipsoid(grip, (0.055, 0.04, 0.045), "shoe")
    _torso(part, hip, neck)
    _head(part, neck, 0.5, "helmet")
    return part
