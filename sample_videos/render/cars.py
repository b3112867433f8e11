"""Cars and vans: bodies lofted through cross-sections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.models import Light, Model, Wheel
from render.shapes import Cut, Part, Points


@dataclass(frozen=True)
class CarForm:
    """A body's side view, in metres from the rear bumper and from the ground.

    Attributes:
        tail: foot of the rear window.
        roof_rear, roof_front: where the roof begins and ends.
        cowl: foot of the windscreen.
        pillars: x of the pillars between the side windows, rear to front.
        windows_from: side windows begin here; behind it the body is closed (vans).
        roof_share: width of the roof by the body's.
    """

    name: str
    length: float
    width: float
    height: float
    tail: float
    tail_z: float
    roof_rear: float
    roof_front: float
    cowl: float
    cowl_z: float
    nose_z: float
    belt_z: float
    pillars: tuple[float, ...]
    wheel_radius: float = 0.32
    front_overhang: float = 0.88
    rear_overhang: float = 0.92
    clearance: float = 0.20
    windows_from: float = 0.0
    roof_share: float = 0.74
    rails: bool = False
    cladding: str = "paint"
    rear_glass: bool = True


FORMS = (
    CarForm("hatchback", 4.05, 1.76, 1.48, 0.16, 1.02, 0.62, 2.15, 3.02, 1.00, 0.74, 0.93,
            (1.28, 2.02)),
    CarForm("compact", 3.62, 1.66, 1.52, 0.10, 1.02, 0.40, 1.85, 2.72, 1.02, 0.78, 0.94,
            (1.62,), 0.30, 0.75, 0.62),
    CarForm("saloon", 4.72, 1.83, 1.45, 0.82, 1.03, 1.50, 2.62, 3.48, 0.98, 0.72, 0.93,
            (1.72, 2.50), 0.335),
    CarForm("estate", 4.68, 1.82, 1.50, 0.14, 1.04, 0.72, 2.60, 3.46, 0.98, 0.72, 0.94,
            (1.00, 1.85, 2.62), 0.33, rails=True),
    CarForm("suv", 4.55, 1.88, 1.70, 0.16, 1.16, 0.62, 2.42, 3.30, 1.15, 0.92, 1.08,
            (1.10, 1.95, 2.62), 0.37, 0.90, 0.92, 0.24, rails=True, cladding="plastic",
            roof_share=0.77),
    CarForm("minivan", 4.45, 1.84, 1.68, 0.12, 1.08, 0.42, 2.55, 3.62, 1.06, 0.82, 1.00,
            (1.05, 1.95, 2.75), 0.33, 0.85, 0.85, roof_share=0.78),
    CarForm("van", 5.35, 2.00, 2.30, 0.06, 1.30, 0.14, 3.85, 4.75, 1.22, 0.98, 1.20,
            (3.30,), 0.345, 0.85, 1.05, 0.22, windows_from=3.35, roof_share=0.88,
            cladding="plastic"),
    CarForm("minibus", 5.10, 1.92, 1.98, 0.08, 1.15, 0.24, 3.55, 4.45, 1.15, 0.94, 1.10,
            (1.05, 2.20, 3.30), 0.335, 0.85, 1.00, 0.20, roof_share=0.84),
)  # fmt: skip

_GLASS_SIDES = (6,)
_TOP_SIDES = (8, 9)
_HALF = 10  # stretches from the underside's middle to the roof's


@dataclass(frozen=True)
class _Curves:
    """The body's measures along x."""

    form: CarForm

    def at(self, x: float, points: list[tuple[float, float]]) -> float:
        return float(np.interp(x, [p[0] for p in points], [p[1] for p in points]))

    def top(self, x: float) -> float:
        f = self.form
        deck = [(0.0, f.tail_z - 0.16), (0.07, f.tail_z - 0.05)] if f.tail > 0.3 else []
        if not deck:
            deck = [(0.0, f.tail_z - 0.06)]
        return self.at(
            x,
            [
                *deck,
                (f.tail, f.tail_z),
                (f.roof_rear, f.height - 0.035),
                ((f.roof_rear + f.roof_front) / 2, f.height),
                (f.roof_front, f.height - 0.05),
                (f.cowl, f.cowl_z),
                (f.length - 0.5, f.nose_z + 0.07),
                (f.length - 0.12, f.nose_z - 0.01),
                (f.length, f.nose_z - 0.12),
            ],
        )

    def half_width(self, x: float) -> float:
        length = self.form.length
        share = self.at(
            x,
            [(0, 0.74), (0.06, 0.86), (0.2, 0.94), (0.8, 0.99), (1.3, 1.0), (length - 1.1, 1.0),
             (length - 0.5, 0.955), (length - 0.18, 0.87), (length - 0.06, 0.78), (length, 0.66)],
        )  # fmt: skip
        return share * self.form.width / 2

    def bottom(self, x: float) -> float:
        low, length = self.form.clearance, self.form.length
        return self.at(
            x,
            [(0, low + 0.14), (0.12, low + 0.08), (0.7, low), (length - 0.6, low),
             (length - 0.1, low + 0.02), (length, low + 0.08)],
        )  # fmt: skip

    def cabin(self, x: float) -> float:
        """0 on the bonnet and the boot lid, 1 under the roof."""
        f = self.form
        return self.at(x, [(f.tail, 0.0), (f.roof_rear, 1.0), (f.roof_front, 1.0), (f.cowl, 0.0)])

    def section(self, x: float) -> list[tuple[float, float]]:
        """(y, z) from the underside's middle to the roof's."""
        f = self.form
        half, bottom, top, cabin = self.half_width(x), self.bottom(x), self.top(x), self.cabin(x)
        rear = self.at(x, [(0, 0.02), (1.5, 0.0)])
        belt = min(f.belt_z + rear + 0.02 * (1 - cabin), top - 0.05)
        shoulder = belt - 0.055
        sill = bottom + 0.3 * (shoulder - bottom)
        middle = bottom + 0.66 * (shoulder - bottom)
        roof = f.roof_share * f.width / 2

        def mix(low: float, high: float) -> float:
            return low + cabin * (high - low)

        return [
            (0.0, bottom),
            (0.78 * half, bottom),
            (0.94 * half, bottom + 0.05),
            (0.995 * half, sill),
            (half, middle),
            (0.985 * half, shoulder),
            (half - 0.055, belt),
            (mix(half - 0.10, roof), mix(top - 0.022, top - 0.085)),
            (mix(half - 0.17, roof - 0.075), mix(top - 0.010, top - 0.020)),
            (mix(half - 0.17, roof - 0.075) * 0.55, top + mix(0.012, 0.006)),
            (0.0, top + mix(0.02, 0.015)),
        ]


def _stations(form: CarForm) -> list[float]:
    length = form.length
    stations = [0.0, 0.05, 0.3, form.tail, form.tail + 0.04, form.roof_rear - 0.05]
    stations += [form.roof_rear, form.roof_front, form.roof_front + 0.06, form.cowl - 0.06]
    stations += [form.cowl, (form.cowl + length - 0.5) / 2, length - 0.42, length - 0.2]
    stations += [length - 0.06, length, form.windows_from]
    for pillar in form.pillars:
        stations += [pillar - 0.045, pillar + 0.045]
    return [x for x in _spread(sorted(stations)) if 0 <= x <= length]


def _spread(stations: list[float]) -> list[float]:
    """Without stations that lie nearer than 3 cm behind another."""
    kept = [stations[0]]
    for x in stations[1:]:
        if x - kept[-1] > 0.03:
            kept.append(x)
    return kept


def _material(form: CarForm, start: float, end: float, side: int) -> str:
    x = (start + end) / 2
    side = min(side, 2 * _HALF - 1 - side)
    lamps = {4: "headlight"} if x > form.length - 0.36 else {4: "taillight"} if x < 0.24 else {}
    plain = {0: "under", 1: "plastic", 2: form.cladding}
    if side in lamps:
        return lamps[side]
    if side in plain:
        return plain[side]
    if side in _GLASS_SIDES and _beside_cabin(form, x):
        pillar = any(abs(x - p) < 0.05 for p in form.pillars)
        return "trim" if pillar else "glass"
    screens = form.rear_glass and form.tail < x < form.roof_rear
    if side in _TOP_SIDES and (screens or form.roof_front < x < form.cowl):
        return "glass"
    return "paint"


def _beside_cabin(form: CarForm, x: float) -> bool:
    rear = max(form.windows_from, form.tail + 0.55 * (form.roof_rear - form.tail) + 0.1)
    return rear < x < form.cowl - 0.05


def body(form: CarForm) -> Part:
    """The closed hull, wheels' arches cut out."""
    curves, stations = _Curves(form), _stations(form)
    rings: list[Points] = []
    for x in stations:
        half = curves.section(x)
        ring = half + [(-y, z) for y, z in half[-2:0:-1]]
        rings.append(np.array([(x, y, z) for y, z in ring]))
    part = Part(subdivide=2)
    part.rings(rings, lambda row, s: _material(form, stations[row], stations[row + 1], s))
    _close(part, len(rings[0]), 0, ("under", "plastic", "paint", "paint", "paint"))
    last = (len(rings) - 1) * len(rings[0])
    _close(part, len(rings[0]), last, ("under", "plastic", "grille", "grille", "trim"))
    radius = form.wheel_radius + 0.055
    part.cuts = tuple(
        Cut(x, form.wheel_radius + 0.01, radius, form.width / 2 - 0.30) for x in _axles(form)
    )
    return part


def _close(part: Part, sides: int, start: int, materials: tuple[str, ...]) -> None:
    """Rows of faces between the left and the right of an end."""
    for row in range(_HALF):
        left, right = [start + row, start + row + 1], [start + sides - row - 1, start + sides - row]
        corners = [*left, right[0], right[1]]
        if row == 0:
            corners = [start, start + 1, start + sides - 1]
        if row == _HALF - 1:
            corners = [start + row, start + row + 1, start + row + 2]
        face = tuple(corners if start else corners[::-1])
        part.faces.append(face[::-1])
        part.materials.append(materials[row] if row < len(materials) else "paint")
        if row in (1, 4):
            part.creases.append((face[0], face[1], 0.3))


def _axles(form: CarForm) -> tuple[float, float]:
    return form.rear_overhang, form.length - form.front_overhang


def _details(form: CarForm) -> list[Part]:
    curves, length, half = _Curves(form), form.length, form.width / 2
    small = Part(bevel_m=0.012)
    plate_z = form.clearance + 0.28
    rear_plate_z = 0.62 * form.belt_z + 0.12
    small.box((length + 0.005, 0, plate_z), (0.02, 0.52, 0.12), "plate")
    small.box((0.0, 0, rear_plate_z), (0.03, 0.52, 0.12), "plate")
    small.box((0.02, 0, form.clearance + 0.17), (0.05, 1.1, 0.12), "plastic")
    mirror_x = form.cowl - 0.28
    mirrors = Part()
    for side in (-1, 1):
        mirrors.ellipsoid(
            (mirror_x, side * (half + 0.02), form.belt_z + 0.06), (0.07, 0.10, 0.075), "paint"
        )
        small.box((mirror_x, side * (half - 0.01), form.belt_z + 0.03), (0.06, 0.1, 0.03), "trim")
        for pillar in form.pillars:
            handle = (pillar + 0.16, side * (half + 0.004), form.belt_z - 0.16)
            small.box(handle, (0.18, 0.03, 0.03), "paint")
    seams = Part()
    doors = [p for p in form.pillars if p < form.roof_front] + [form.cowl - 0.25]
    for x in doors:
        _seam(seams, curves, x)
    parts = [small, mirrors, seams]
    if form.rails:
        roof_y = form.roof_share * half - 0.06
        for side in (-1, 1):
            ends = [(x, side * roof_y, form.height + z) for x, z in (
                (form.roof_rear + 0.1, -0.03), (form.roof_rear + 0.25, 0.035),
                (form.roof_front - 0.25, 0.035), (form.roof_front - 0.1, -0.03))]  # fmt: skip
            parts.append(Part().tube(ends, (0.018,) * 4, "trim"))
    return parts


def _seam(part: Part, curves: _Curves, x: float) -> None:
    """A door's gap: a dark ribbon on both flanks."""
    flank = [(y + 0.002, z) for y, z in curves.section(x)[2:7]]
    for side in (-1, 1):
        points = [(x + dx, side * y, z) for y, z in flank for dx in (-0.007, 0.007)]
        part.add(points, [(i, i + 1, i + 3, i + 2) for i in range(0, 8, 2)], "trim")


def car(form: CarForm) -> Model:
    shift = (-form.length / 2, 0.0, 0.0)
    parts = []
    for part in (body(form), *_details(form)):
        cuts = tuple(Cut(c.x + shift[0], c.z, c.radius, c.from_y) for c in part.cuts)
        part = part.moved(shift)
        part.cuts = cuts
        parts.append(part)
    wheels = tuple(
        Wheel(x + shift[0], side * (form.width / 2 - 0.125), form.wheel_radius, 0.215)
        for x in _axles(form)
        for side in (-1, 1)
    )
    lights = tuple(
        Light(form.length / 2 - 0.08, side * 0.36 * form.width, form.nose_z - 0.12)
        for side in (-1, 1)
    )
    return Model(form.name, "car", form.length, form.width, form.height, [parts], wheels, lights)
