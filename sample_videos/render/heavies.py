"""Buses and trucks: rounded boxes, with panels of glass and lamps set on them."""

from __future__ import annotations

from render.models import FRONT_OF_HITCH_M, Light, Model, Wheel
from render.shapes import Cut, Part

_WHEEL_R, _WHEEL_W = 0.50, 0.30


def _axle(x: float, width: float, twin: bool = False) -> list[Wheel]:
    tread = 0.56 if twin else _WHEEL_W
    y = width / 2 - tread / 2 - 0.03
    return [Wheel(x, side * y, _WHEEL_R, tread, "heavy") for side in (-1, 1)]


def _arches(axles: tuple[float, ...], width: float) -> tuple[Cut, ...]:
    return tuple(Cut(x, _WHEEL_R, _WHEEL_R + 0.09, width / 2 - 0.5) for x in axles)


def _lights(x: float, width: float, z: float) -> tuple[Light, ...]:
    return tuple(Light(x, side * 0.38 * width, z) for side in (-1, 1))


def bus(name: str = "bus", length: float = 12.0) -> Model:
    width, height = 2.55, 3.05
    front, rear = length / 2, -length / 2
    axles = (rear + 3.3, front - 2.75)
    hull = Part(bevel_m=0.13, cuts=_arches(axles, width))
    hull.profile(
        [(rear, 0.36), (rear, 2.95), (rear + 0.08, height), (front - 0.45, height),
         (front - 0.12, 2.75), (front, 1.25), (front, 0.36)],
        width, "paint",
    )  # fmt: skip
    glass, trim = Part(), Part(bevel_m=0.01)
    side_y = width / 2 + 0.004
    bays = 8 if length > 10 else 5
    start, end = rear + 0.55, front - 0.35
    bay = (end - start) / bays
    for side in (-1, 1):
        for number in range(bays):
            x = start + (number + 0.5) * bay
            door = side < 0 and number in (bays - 1, bays // 2 - 1)
            low, high = (0.48, 2.50) if door else (1.38, 2.45)
            centre = (x, side * side_y, (low + high) / 2)
            glass.box(centre, (bay - (0.22 if door else 0.06), 0.02, high - low), "glass")
            if door:
                trim.box((x, side * (side_y + 0.012), 1.5), (0.07, 0.01, 2.0), "trim")
        trim.box((0, side * side_y, 0.42), (length - 0.4, 0.01, 0.1), "trim")
        trim.box((0, side * side_y, 1.20), (length - 0.5, 0.012, 0.07), "white")
    glass.add(
        [(front + 0.012, -1.13, 1.22), (front + 0.012, 1.13, 1.22),
         (front - 0.105, 1.10, 2.72), (front - 0.105, -1.10, 2.72)],
        [(0, 1, 2, 3)], "glass",
    )  # fmt: skip
    glass.box((rear - 0.004, 0, 2.05), (0.02, 2.0, 0.8), "glass")
    trim.box((front - 0.28, 0, 2.86), (0.20, 1.7, 0.2), "trim")
    trim.box((front - 0.175, 0, 2.86), (0.02, 1.2, 0.12), "orange")
    trim.box((front + 0.01, 0, 0.55), (0.04, 1.5, 0.22), "grille")
    trim.box((rear - 0.01, 0, 1.05), (0.03, 1.4, 0.5), "grille")
    trim.box((rear - 0.02, 0, 0.62), (0.03, 0.52, 0.12), "plate")
    trim.box((front + 0.02, 0, 0.56), (0.03, 0.52, 0.11), "plate")
    for side in (-1, 1):
        trim.box((front + 0.005, side * 0.98, 0.78), (0.05, 0.42, 0.17), "headlight")
        trim.box((rear - 0.005, side * 1.12, 1.0), (0.03, 0.16, 0.55), "taillight")
        trim.box((front + 0.18, side * 1.38, 2.2), (0.12, 0.22, 0.42), "trim")
    roof = Part(bevel_m=0.08).box((-1.2, 0, height + 0.08), (3.0, 1.7, 0.24), "white")
    roof.box((rear + 1.2, 0, height + 0.05), (1.2, 1.6, 0.16), "white")
    wheels = [*_axle(axles[0], width, twin=True), *_axle(axles[1], width)]
    return Model(
        name, "bus", length, width, height + 0.2, [[hull, glass, trim, roof]],
        tuple(wheels), _lights(front, width, 0.78),
    )  # fmt: skip


def _cab(front: float, length: float, top: float, width: float) -> list[Part]:
    """A cab over the engine, its face at x = front."""
    rear, foot = front - length, 0.42
    hull = Part(bevel_m=0.09, cuts=_arches((front - 1.38,), width))
    hull.profile(
        [(rear, 0.75), (rear, top), (front - 0.55, top), (front - 0.16, 2.72 if top > 2.8 else
         top - 0.12), (front, 1.55), (front, foot), (front - 2.0 if length > 2.0 else rear, foot)],
        width, "paint",
    )  # fmt: skip
    glass, trim = Part(), Part(bevel_m=0.02)
    high = 2.62 if top > 2.8 else top - 0.18
    glass.add(
        [(front + 0.012, -1.10, 1.62), (front + 0.012, 1.10, 1.62),
         (front - 0.145, 1.06, high), (front - 0.145, -1.06, high)],
        [(0, 1, 2, 3)], "glass",
    )  # fmt: skip
    for side in (-1, 1):
        y = side * (width / 2 + 0.005)
        outline = [(front - 1.15, 1.62), (front - 1.15, high), (front - 0.4, high),
                   (front - 0.16, 1.68)]  # fmt: skip
        corners = [(x, y, z) for x, z in outline]
        glass.add(corners, [(0, 1, 2, 3) if side > 0 else (3, 2, 1, 0)], "glass")
        trim.box((front - 0.02, side * 0.92, 0.68), (0.08, 0.42, 0.2), "headlight")
        trim.box((front + 0.12, side * (width / 2 + 0.14), 2.1), (0.12, 0.2, 0.55), "trim")
        trim.box((front - 0.9, side * (width / 2 + 0.005), 0.62), (0.6, 0.02, 0.3), "plastic")
    trim.box((front + 0.01, 0, 1.2), (0.03, 1.7, 0.42), "grille")
    trim.box((front + 0.015, 0, 0.62), (0.05, 1.3, 0.24), "plastic")
    trim.box((front + 0.045, 0, 0.56), (0.02, 0.52, 0.11), "plate")
    trim.box((front - 0.1, 0, high + 0.14), (0.35, width - 0.5, 0.05), "trim")
    return [hull, glass, trim]


def _tail(rear: float, width: float) -> Part:
    lamps = Part(bevel_m=0.01)
    lamps.box((rear + 0.05, 0, 0.62), (0.1, width - 0.2, 0.14), "metal")
    lamps.box((rear - 0.01, 0, 0.75), (0.03, 0.52, 0.12), "plate")
    for side in (-1, 1):
        lamps.box((rear - 0.01, side * (width / 2 - 0.3), 0.78), (0.05, 0.45, 0.15), "taillight")
    return lamps


def _guards(part: Part, start: float, end: float, width: float) -> None:
    for side in (-1, 1):
        for z in (0.55, 0.85):
            part.box(((start + end) / 2, side * (width / 2 - 0.05), z), (end - start, 0.04, 0.12),
                     "metal")  # fmt: skip


def box_truck(name: str = "box-truck", length: float = 8.2, top: float = 3.45) -> Model:
    width = 2.45
    front, rear = length / 2, -length / 2
    cab_length = 1.85
    parts = _cab(front, cab_length, 2.55, 2.35)
    start = front - cab_length - 0.12
    cargo = Part(bevel_m=0.03)
    cargo.box(((rear + start) / 2, 0, (1.0 + top) / 2), (start - rear, width, top - 1.0), "cargo")
    frame = Part()
    frame.box(((rear + start) / 2 + 0.3, 0, 0.8), (start - rear + 0.8, 0.9, 0.3), "under")
    doors = Part()
    doors.box((rear - 0.006, 0, (1.0 + top) / 2), (0.01, 0.03, top - 1.1), "trim")
    for side in (-1, 1):
        doors.box((rear - 0.02, side * 0.35, (1.0 + top) / 2), (0.03, 0.03, top - 1.2), "metal")
    axles = (rear + 1.75, front - 1.38)
    _guards(frame, axles[0] + 0.8, start - 0.4, width)
    wheels = [*_axle(axles[0], width, twin=True), *_axle(axles[1], 2.35)]
    return Model(
        name, "truck", length, width, top, [[*parts, cargo, frame, doors, _tail(rear, width)]],
        tuple(wheels), _lights(front, width, 0.68),
    )  # fmt: skip


def tipper(name: str = "tipper") -> Model:
    """A building site's truck: an open skip behind the cab."""
    length, width = 7.6, 2.5
    front, rear = length / 2, -length / 2
    start = front - 2.0
    skip = Part(bevel_m=0.03)
    skip.profile(
        [(rear + 0.2, 1.05), (rear, 2.35), (start, 2.45), (start, 1.05)], width, "canvas"
    )  # fmt: skip
    load = Part(subdivide=1).box(((rear + start) / 2, 0, 2.35), (4.6, 2.2, 0.5), "gravel")
    ribs = Part()
    for number in range(6):
        x = rear + 0.6 + number * 0.85
        for side in (-1, 1):
            ribs.box((x, side * (width / 2 + 0.03), 1.72), (0.1, 0.07, 1.25), "canvas")
    frame = Part().box((-0.6, 0, 0.85), (length - 1.6, 0.9, 0.35), "under")
    parts = [*_cab(front, 1.85, 2.75, 2.4), skip, load, ribs, frame, _tail(rear, width)]
    axles = (rear + 1.1, rear + 2.45, front - 1.38)
    wheels = [*_axle(axles[0], width, True), *_axle(axles[1], width, True), *_axle(axles[2], 2.4)]
    return Model(
        name, "truck", length, width, 2.85, [parts], tuple(wheels), _lights(front, width, 0.68)
    )


def articulated(name: str = "articulated", canvas: bool = True) -> Model:
    """A tractor of 6.0 m with its trailer of 13.6 m; the tractor carries the identity."""
    width, top = 2.5, 3.55
    front, rear = 3.0, -3.0
    parts = _cab(front, 2.3, top, width)
    frame = Part().box((-0.9, 0, 0.85), (4.0, 0.95, 0.3), "under")
    frame.box((-0.3, 0.85, 0.72), (1.4, 0.6, 0.6), "metal")
    frame.box((-0.3, -0.85, 0.72), (1.2, 0.6, 0.6), "plastic")
    axles = (rear + 1.15, front - 1.38)
    mudguards = Part(bevel_m=0.05)
    for side in (-1, 1):
        mudguards.box((axles[0], side * 0.95, 1.06), (1.2, 0.6, 0.06), "plastic")
    wheels = [*_axle(axles[0], width, twin=True), *_axle(axles[1], width)]
    return Model(
        name, "truck", 6.0, width, top, [[*parts, frame, mudguards, _tail(rear, 2.3)]],
        tuple(wheels), _lights(front, width, 0.68), 0.0, _trailer(canvas), axles[0] + 0.15,
    )  # fmt: skip


def _trailer(canvas: bool) -> Model:
    """Its hitch lies at x = 0, its front 1.6 m before it."""
    width, length, floor, top = 2.55, 13.6, 1.2, 4.0
    front = FRONT_OF_HITCH_M
    rear = front - length
    middle = (front + rear) / 2
    sides = Part(bevel_m=0.03).box(
        (middle, 0, (floor + top) / 2),
        (length, width, top - floor),
        "canvas" if canvas else "cargo",
    )
    frame = Part().box((middle, 0, floor - 0.2), (length - 0.6, 1.0, 0.3), "under")
    frame.box((middle, 0, floor - 0.04), (length, width + 0.01, 0.1), "metal")
    _guards(frame, rear + 4.9, front - 3.6, width)
    for side in (-1, 1):
        frame.box((front - 3.0, side * 0.7, 0.75), (0.12, 0.12, 0.8), "metal")
    doors = Part().box((rear - 0.006, 0, (floor + top) / 2), (0.02, width, top - floor), "cargo")
    doors.box((rear - 0.02, 0, (floor + top) / 2), (0.01, 0.03, top - floor), "trim")
    for y in (-0.95, -0.4, 0.4, 0.95):
        doors.box((rear - 0.03, y, (floor + top) / 2), (0.03, 0.03, top - floor - 0.1), "metal")
    wheels = [w for x in (rear + 1.7, rear + 3.0, rear + 4.3) for w in _axle(x, width)]
    parts = [sides, frame, doors, _tail(rear, width)]
    return Model("trailer", "truck", length, width, top, [parts], tuple(wheels))
