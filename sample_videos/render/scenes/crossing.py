"""A signalled crossing of two roads: its ground, marks, furniture, lanes and crossings.

Four arms leave the middle: 0 east, 1 north, 2 west, 3 south. On an arm, u runs outwards and v to
the left of that: traffic that comes in drives at v > 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, sin

import numpy as np

from render.fleet import CAR_SHARES, CARS, WALKERS
from render.movers import Route
from render.paths import Path, bend, joined, straight
from render.scene import Area, Building, Prop, Spot

LANE = 3.4
HALF = 8.4  # middle to kerb: two lanes and one for bicycles
CORNER = 6.0
REACH = 190.0  # the arms' length
CROSSWALK = (14.8, 18.0)
STOP = 19.4
ENTRY = 150.0  # where traffic comes from
KERB = 0.13
_CYCLED = 130.0  # where bicycles come from
_TURN = 14.0  # where turning begins

MIX = tuple(zip(CARS, CAR_SHARES, strict=True))
THROUGH_MIX = (
    *((name, 0.86 * share) for name, share in MIX),
    ("bus", 0.04), ("midibus", 0.02), ("box-truck", 0.03), ("delivery-truck", 0.03),
    ("articulated", 0.025), ("tipper", 0.02), ("motorcyclist", 0.04), ("scooter", 0.025),
)  # fmt: skip
TURNING_MIX = (
    *((name, 0.88 * share) for name, share in MIX),
    ("midibus", 0.03), ("box-truck", 0.03), ("delivery-truck", 0.03), ("motorcyclist", 0.04),
)  # fmt: skip
CYCLISTS = (("cyclist", 0.6), ("cyclist-bare", 0.4))
PEOPLE = tuple((name, 1 / len(WALKERS)) for name in WALKERS)


def on_arm(arm: int, u: float, v: float) -> Spot:
    cosine, sine = cos(arm * pi / 2), sin(arm * pi / 2)
    return (u * cosine - v * sine, u * sine + v * cosine)


def on_arms(arm: int, places: Sequence[Spot]) -> tuple[Spot, ...]:
    return tuple(on_arm(arm, u, v) for u, v in places)


def _block(arm: int, u: tuple[float, float], v: tuple[float, float], z: float, mat: str) -> Area:
    corners = ((u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1]))
    return Area(on_arms(arm, corners), z, mat)


def ground() -> tuple[Area, ...]:
    """Asphalt, pavements, kerbs and grass."""
    far = 260.0
    areas = [
        Area(_square(1500.0), -0.1, "grass"),
        Area(_square(far), 0.0, "asphalt"),
    ]
    for arm in range(4):
        rounded = _corner(HALF)
        areas.append(Area(on_arms(arm, rounded), KERB, "paving", True))
        kerb = [*_corner(HALF)[:-1], *_corner(HALF + 0.16)[-2::-1]]
        areas.append(Area(on_arms(arm, kerb), KERB + 0.01, "kerb", True))
        lawn = [(REACH, HALF + 5.5), (HALF + 16, HALF + 5.5), (HALF + 16, HALF + 9.5),
                (REACH, HALF + 9.5)]  # fmt: skip
        areas.append(Area(on_arms(arm, lawn[::-1]), KERB + 0.03, "grass", True))
        gutter = _block(arm, (HALF + CORNER, REACH), (HALF - 0.35, HALF), 0.004, "gutter")
        areas.append(gutter)
        areas.append(_block(arm, (HALF + CORNER, REACH), (-HALF, -HALF + 0.35), 0.004, "gutter"))
    return tuple(areas)


def _square(half: float) -> tuple[Spot, ...]:
    return ((-half, -half), (half, -half), (half, half), (-half, half))


def _corner(half: float) -> list[Spot]:
    """The pavement between an arm and the next, counter-clockwise; its outer corner comes last."""
    middle, radius = HALF + CORNER, HALF + CORNER - half
    turn = np.linspace(-pi / 2, -pi, 13)
    arc = [(middle + radius * cos(a), middle + radius * sin(a)) for a in turn]
    return [(half, REACH), *arc[::-1], (REACH, half), (REACH, REACH)]


def marks() -> tuple[Area, ...]:
    """Painted lines, arrows and crossings."""
    areas: list[Area] = []
    for arm in range(4):
        areas += _arm_marks(arm)
    return tuple(areas)


def _arm_marks(arm: int) -> list[Area]:
    z, end = 0.008, 150.0
    marks = [
        _block(arm, (STOP, end), (0.06, 0.18), z, "line"),
        _block(arm, (STOP, end), (-0.18, -0.06), z, "line"),
        _block(arm, (STOP, STOP + 0.4), (0.25, HALF - 1.7), z, "line"),
    ]
    solid = [(end, 2 * LANE), (end, -2 * LANE), (STOP + 24, LANE)]
    marks += [_block(arm, (STOP, u), (v - 0.07, v + 0.07), z, "line") for u, v in solid]
    dashed = [(u, LANE) for u in np.arange(STOP + 28, end, 9.0)]
    dashed += [(u, -LANE) for u in np.arange(STOP + 4, end, 9.0)]
    marks += [_block(arm, (u, u + 3.5), (v - 0.06, v + 0.06), z, "line") for u, v in dashed]
    stripes = np.arange(-HALF + 0.6, HALF - 0.6, 1.0)
    marks += [_block(arm, CROSSWALK, (v, v + 0.5), z, "line") for v in stripes]
    for u in (STOP + 6, STOP + 24):
        marks += [Area(on_arms(arm, a), z, "line") for a in _arrow(u, LANE / 2, 1)]
        marks += [Area(on_arms(arm, a), z, "line") for a in _arrow(u, 1.5 * LANE, 0)]
    return marks


def _arrow(u: float, v: float, side: int) -> list[list[Spot]]:
    """Straight on, or to one side; its tip points inwards."""
    if side == 0:
        head = [(u, v), (u + 1.6, v - 0.5), (u + 1.6, v + 0.5)]
        return [head, [(u + 1.6, v - 0.09), (u + 4, v - 0.09), (u + 4, v + 0.09),
                       (u + 1.6, v + 0.09)]]  # fmt: skip
    shaft = [(u + 1.0, v - 0.09), (u + 4, v - 0.09), (u + 4, v + 0.09), (u + 1.0, v + 0.09)]
    arm = [(u + 0.85, v - 0.75), (u + 1.05, v - 0.75), (u + 1.25, v + 0.09), (u + 1.0, v + 0.09)]
    head = [(u + 0.35, v - 0.7), (u + 0.9, v - 1.3), (u + 1.55, v - 0.7)]
    return [shaft, arm, head]


def furniture() -> tuple[Prop, ...]:
    props = []
    for arm in range(4):
        group = "ns" if arm in (1, 3) else "ew"
        x, y = on_arm(arm, STOP + 0.3, HALF + 0.8)
        props.append(Prop("signal-mast", x, y, (arm + 2) * pi / 2, 1.0, group))
        x, y = on_arm(arm, STOP - 6.0, -HALF - 0.8)
        props.append(Prop("signal", x, y, (arm + 2) * pi / 2, 1.0, group))
        for u in np.arange(30, 140, 27.0):
            for side in (-1, 1):
                x, y = on_arm(arm, u + 6 * side, side * (HALF + 0.9))
                props.append(Prop("lamp-post", x, y, arm * pi / 2 + (-pi / 2) * side, 1.0))
        for number, u in enumerate(np.arange(36, 150, 11.0)):
            for side in (-1, 1):
                wobble = 1.6 * sin(3.1 * number + arm + side)
                x, y = on_arm(arm, u + wobble, side * (HALF + 7.2 + 0.4 * wobble))
                props.append(Prop("tree", x, y, number + arm, 0.8 + 0.2 * sin(number * 2.3 + arm)))
        x, y = on_arm(arm, 27, HALF + 1.0)
        props.append(Prop("sign", x, y, arm * pi / 2, 1.0))
        x, y = on_arm(arm, 24, -HALF - 3.0)
        props.append(Prop("bin", x, y))
    return tuple(props)


def buildings() -> tuple[Building, ...]:
    blocks = []
    heights = (15.5, 12.5, 19.0, 11.0, 16.0, 22.0, 13.0, 18.0, 14.0, 12.0, 20.0, 16.5)
    for arm in range(4):
        for number, u in enumerate((44.0, 74.0, 104.0, 136.0)):
            for side in (-1, 1):
                index = 3 * arm + 2 * number + (side > 0)
                x, y = on_arm(arm, u, side * (HALF + 21.5 + 2.0 * (index % 3)))
                height = heights[index % len(heights)]
                blocks.append(
                    Building(x, y, 26.0 + 2 * (index % 2), 18.0, height, arm * pi / 2, index % 5)
                )
        for number in (-2, -1, 0, 1, 2):  # they close the view where the arm ends
            x, y = on_arm(arm, 290.0 + 9 * number, 42.0 * number)
            height = heights[(2 * arm + number) % len(heights)]
            blocks.append(Building(x, y, 22.0, 36.0, height, arm * pi / 2, (arm + number) % 5))
    return tuple(blocks)


def routes(flow: float = 1.0) -> tuple[Route, ...]:
    found: list[Route] = []
    for arm in range(4):
        axis = "ns" if arm in (1, 3) else "ew"
        found += [
            _through(arm, axis, 560 * flow),
            _left(arm, axis, 330 * flow),
            _right(arm, axis, 170 * flow),
            _bicycles(arm, axis, 200 * flow),
        ]
        found += _walkers(arm, "ew" if axis == "ns" else "ns", 60 * flow)
    return tuple(found)


def _through(arm: int, axis: str, per_hour: float) -> Route:
    v = 1.5 * LANE
    path = joined(straight(on_arm(arm, ENTRY, v), on_arm(arm + 2, ENTRY, -v)))
    return Route(f"through-{arm}", path, 13.0, THROUGH_MIX, per_hour, (0.0,), ENTRY - STOP - 0.8,
                 axis, movement="through")  # fmt: skip


def _left(arm: int, axis: str, per_hour: float) -> Route:
    v, leave = LANE / 2, (arm + 3) % 4
    return Route(f"left-{arm}", _turning(arm, v, leave, -v), 13.0, TURNING_MIX, per_hour, (0.0,),
                 ENTRY - STOP - 0.8, f"{axis}-left", movement="left")  # fmt: skip


def _right(arm: int, axis: str, per_hour: float) -> Route:
    v, leave = 1.5 * LANE, (arm + 1) % 4
    return Route(f"right-{arm}", _turning(arm, v, leave, -v), 13.0, TURNING_MIX, per_hour, (0.0,),
                 ENTRY - STOP - 0.8, f"{axis}-right", movement="right")  # fmt: skip


def _turning(arm: int, v_in: float, leave: int, v_out: float) -> Path:
    start, end = on_arm(arm, _TURN, v_in), on_arm(leave, _TURN, v_out)
    # The knee lies on both lanes' lines: they are square to each other.
    into, out = np.array(on_arm(arm, 0, v_in)), np.array(on_arm(leave, 0, v_out))
    knee = into + out
    return joined(
        straight(on_arm(arm, ENTRY, v_in), start),
        bend(start, knee.tolist(), end),
        straight(end, on_arm(leave, ENTRY, v_out)),
    )


def _bicycles(arm: int, axis: str, per_hour: float) -> Route:
    v = HALF - 0.85
    path = joined(straight(on_arm(arm, _CYCLED, v), on_arm(arm + 2, _CYCLED, -v)))
    return Route(f"bicycles-{arm}", path, 5.2, CYCLISTS, per_hour, (0.0,), _CYCLED - STOP,
                 axis, 0.15, "through")  # fmt: skip


def _walkers(arm: int, group: str, per_hour: float) -> list[Route]:
    """Over one arm at its crosswalk, both ways."""
    u, side = sum(CROSSWALK) / 2, HALF + 3.0
    found = []
    for way in (-1, 1):
        places = [(side + 0.4, -120.0), (side + 0.4, -26.0), (u, -15.0), (u, 15.0),
                  (side + 0.4, 26.0), (side + 0.4, 120.0)]  # fmt: skip
        points = [on_arm(arm, a, b * way) for a, b in places]
        path = joined(*(straight(a, b) for a, b in pairwise(points)))
        stop = path.way[np.abs(path.points - on_arm(arm, u, -way * (HALF + 0.7))).sum(1).argmin()]
        found.append(
            Route(f"walkers-{arm}-{way}", path, 1.4, PEOPLE, per_hour, (0.0,), float(stop), group,
                  0.7, "crosswalk")
        )  # fmt: skip
    return found
