"""Wheels around the y axis, their outer face towards +y."""

from __future__ import annotations

from math import cos, pi, sin

from render.models import Wheel
from render.shapes import Part


def wheel_parts(wheel: Wheel) -> list[Part]:
    makers = {"car": _car, "heavy": _heavy, "motorcycle": _car, "bicycle": _bicycle}
    return makers[wheel.kind](wheel.radius, wheel.width)


def _tyre(radius: float, half: float, rim: float) -> Part:
    return Part().lathe(
        [
            (-half, rim),
            (-half, radius * 0.93),
            (-half * 0.7, radius),
            (half * 0.7, radius),
            (half, radius * 0.93),
            (half, rim),
            (half * 0.55, rim * 0.97),
        ],
        ["tyre"] * 6,
    )


def _car(radius: float, width: float) -> list[Part]:
    rim, half = 0.70 * radius, width / 2
    edge = Part().lathe(
        [(half * 0.2, rim), (half * 0.95, rim), (half * 0.95, rim * 0.9), (half * 0.3, rim * 0.86)],
        ["rim", "rim", "under"],
    )
    spokes = []
    for spoke in range(5):
        blade = Part(bevel_m=0.008).box((rim * 0.5, 0, 0), (rim * 0.95, 0.03, rim * 0.24), "rim")
        spokes.append(_turned(blade, spoke * 2 * pi / 5, half * 0.72))
    hub = Part().lathe([(0, rim * 0.2), (half * 0.85, rim * 0.18)], ["rim"], 12)
    return [_tyre(radius, half, rim), edge, *spokes, hub]


def _heavy(radius: float, width: float) -> list[Part]:
    rim, half = 0.58 * radius, width / 2
    disc = Part().lathe(
        [(half * 0.2, rim * 0.98), (half * 0.75, rim * 0.85), (half * 0.76, rim * 0.5),
         (half * 1.0, rim * 0.4), (half * 1.05, rim * 0.15)],
        ["rim", "under", "rim", "rim"],
    )  # fmt: skip
    return [_tyre(radius, half, rim), disc]


def _bicycle(radius: float, width: float) -> list[Part]:
    half = width / 2
    inner = radius - 0.045
    ring = Part().lathe(
        [(-half, inner), (-half, radius), (half, radius), (half, inner), (-half, inner)],
        ["tyre", "tyre", "rim", "rim"],
        32,
    )
    ring.faces, ring.materials = ring.faces[:-2], ring.materials[:-2]  # no lids: it is a ring
    spokes = Part()
    for number in range(8):
        angle = number * pi / 4
        spokes.tube([(0, 0, 0), (inner * cos(angle), 0, inner * sin(angle))], (0.004, 0.004), "rim")
    return [ring, spokes]


def _turned(part: Part, angle: float, y: float) -> Part:
    turned = part.moved((0, y, 0))
    cosine, sine = cos(angle), sin(angle)
    turned.vertices = [
        (cosine * x + sine * z, y_, -sine * x + cosine * z) for x, y_, z in turned.vertices
    ]
    return turned
