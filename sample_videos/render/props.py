"""What stands beside roads: trees, posts, signals, rails, signs, houses. Seeded meshes."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import numpy as np

from render.scene import Building
from render.shapes import Part

SIGNAL_HEADS = {  # places of the heads on what carries them: x, y, z
    "signal": ((-0.2, 0.0, 2.7),),
    "signal-mast": ((-0.2, 0.0, 2.7), (-0.2, 4.3, 5.7)),
}
LAMPS = {"lamp-post": ((1.9, 0.0, 8.3),), "twin-lamp": ((0.0, 2.0, 11.6), (0.0, -2.0, 11.6))}


def tree(variant: int, leaf_m: float = 0.30) -> list[Part]:
    """About 8 m tall: a forked trunk and leaves in clumps around its twigs."""
    rng = np.random.default_rng(100 + variant)
    wood, crown = Part(), Part()
    wood.tube([(0, 0, -0.2), (0.05, 0, 1.4), (0.0, 0.08, 2.8), (0.1, 0, 4.6)],
              (0.19, 0.15, 0.13, 0.07), "bark")  # fmt: skip
    clumps = []
    for number in range(11):
        turn, high = (
            number * 2.4 + rng.uniform(0, 0.8),
            3.0 + 0.36 * number + rng.uniform(-0.3, 0.3),
        )
        out = (2.1 - 0.15 * abs(number - 3)) * rng.uniform(0.65, 1.05)
        tip = (out * cos(turn), out * sin(turn), high + 0.9)
        wood.tube([(0.03, 0.03, high - 0.7), tip], (0.06, 0.02), "bark")
        clumps.append((np.array(tip), rng.uniform(0.8, 1.25)))
    clumps.append((np.array((0.1, 0.0, 6.9)), 1.3))
    for middle, radius in clumps:
        _leaves(crown, rng, middle, radius, 190, leaf_m, f"leaf:{variant % 3}")
    return [wood, crown]


def bush(variant: int) -> list[Part]:
    rng = np.random.default_rng(200 + variant)
    part = Part()
    for _ in range(5):
        middle = np.array((*rng.uniform(-0.9, 0.9, 2), rng.uniform(0.5, 1.1)))
        _leaves(part, rng, middle, rng.uniform(0.6, 0.9), 150, 0.24, f"leaf:{variant % 3}")
    return [part]


def _leaves(
    part: Part, rng: np.random.Generator, middle: np.ndarray[tuple[int], np.dtype[np.float64]],
    radius: float, count: int, leaf_m: float, material: str,
) -> None:  # fmt: skip
    """Small squares, turned anyhow, most of them near the clump's surface."""
    ways = rng.standard_normal((count, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    spots = middle + ways * radius * rng.uniform(0.25, 1, (count, 1)) ** 0.4 * (1, 1, 0.8)
    one = rng.standard_normal((count, 3))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    two = np.cross(one, ways + 0.3 * rng.standard_normal((count, 3)))
    two /= np.linalg.norm(two, axis=1, keepdims=True)
    size = leaf_m * rng.uniform(0.6, 1.2, (count, 1)) / 2
    corners = np.stack([spots - size * one, spots - 0.7 * size * two, spots + size * one,
                        spots + 0.7 * size * two], 1)  # fmt: skip
    faces = np.arange(4 * count).reshape(count, 4).tolist()
    part.add(corners.reshape(-1, 3), faces, material)


def lamp_post() -> list[Part]:
    part = Part().tube([(0, 0, 0), (0, 0, 4.0), (0, 0, 8.2)], (0.10, 0.08, 0.06), "metal")
    part.tube([(0, 0, 8.2), (0.8, 0, 8.45), (1.7, 0, 8.45)], (0.05, 0.045, 0.04), "metal")
    head = Part(bevel_m=0.03).box((1.9, 0, 8.43), (0.7, 0.28, 0.11), "metal")
    lens = Part().box((1.95, 0, 8.36), (0.5, 0.2, 0.03), "streetlamp")
    return [part, head, lens]


def twin_lamp() -> list[Part]:
    part = Part().tube([(0, 0, 0), (0, 0, 6.0), (0, 0, 11.6)], (0.14, 0.11, 0.08), "metal")
    part.tube([(0, -2.0, 11.7), (0, 0, 11.6), (0, 2.0, 11.7)], (0.05, 0.06, 0.05), "metal")
    for side in (-1, 1):
        part.box((0, 2.1 * side, 11.7), (0.28, 0.7, 0.12), "metal")
    return [part]


def signal_post() -> list[Part]:
    return [Part().tube([(0, 0, 0), (0, 0, 3.3)], (0.07, 0.06), "metal")]


def signal_mast() -> list[Part]:
    part = Part().tube([(0, 0, 0), (0, 0, 3.0), (0, 0, 6.2)], (0.12, 0.10, 0.08), "metal")
    return [part.tube([(0, 0, 6.1), (0, 4.6, 6.3)], (0.07, 0.05), "metal")]


def signal_head() -> list[Part]:
    """Looks to -x: against those who drive along +x."""
    part = Part(bevel_m=0.02).box((0, 0, 0.1), (0.22, 0.34, 1.02), "trim")
    board = Part().box((0.03, 0, 0.1), (0.02, 0.6, 1.25), "trim")
    lenses = Part()
    for number, colour in enumerate(("green", "yellow", "red")):
        lens = Part().lathe([(0, 0.105), (0.02, 0.09)], [f"signal:{colour}"], 16)
        turned = lens.moved((-0.10, 0, -0.21 + 0.31 * number), pi / 2)
        lenses.add(turned.vertices, turned.faces, turned.materials)
    return [part, board, lenses]


def sign() -> list[Part]:
    part = Part().tube([(0, 0, 0), (0, 0, 3.0)], (0.04, 0.04), "metal")
    board = Part(bevel_m=0.01).box((-0.05, 0, 2.6), (0.03, 0.7, 0.7), "sign")
    return [part, board, Part().box((-0.07, 0, 2.6), (0.01, 0.3, 0.45), "white")]


def bin_() -> list[Part]:
    return [Part(bevel_m=0.03).box((0, 0, 0.5), (0.5, 0.5, 0.95), "plastic")]


def guard_rail() -> list[Part]:
    """Four metres along x."""
    profile = [(-2.02, 0.55), (-2.02, 0.85), (2.02, 0.85), (2.02, 0.55)]
    rail = Part().profile(profile, 0.05, "metal")
    rail.profile([(-2.02, 0.66), (-2.02, 0.74), (2.02, 0.74), (2.02, 0.66)], 0.11, "metal")
    for x in (-1.0, 1.0):
        rail.box((x, 0, 0.35), (0.1, 0.06, 0.8), "metal")
    return [rail]


def gantry() -> list[Part]:
    part = Part()
    for side in (-1, 1):
        part.box((0, 19.5 * side, 3.6), (0.5, 0.5, 7.2), "metal")
    for z in (6.4, 7.4):
        part.box((0, 0, z), (0.3, 39, 0.25), "metal")
    boards = Part(bevel_m=0.03)
    for y, width in ((-12.0, 5.5), (-5.5, 4.5), (7.0, 6.0)):
        boards.box((-0.3, y, 7.1), (0.08, width, 2.6), "green-sign")
        for z in (6.6, 7.3):
            boards.box((-0.36, y, z), (0.02, 0.7 * width, 0.3), "white")
    return [part, boards]


def house(building: Building) -> list[Part]:
    """A block with rows of windows, a shop floor, a cornice and things on its roof."""
    length, depth, height = building.length, building.depth, building.height
    wall = f"wall:{building.style}"
    hull = Part().box((0, 0, height / 2), (length, depth, height), wall)
    trims, panes = Part(), Part()
    trims.box((0, 0, height + 0.15), (length + 0.5, depth + 0.5, 0.35), "frame")
    trims.box((0, 0, 3.55), (length + 0.25, depth + 0.25, 0.25), "frame")
    for side in range(4):
        across = length if side % 2 == 0 else depth
        out = (depth if side % 2 == 0 else length) / 2
        _facade(trims, panes, side, across, out, height, building.style)
    rng = np.random.default_rng(round(100 * abs(building.x) + abs(building.y)))
    for _ in range(3):
        x, y = rng.uniform(-0.35, 0.35, 2) * (length, depth)
        trims.box((x, y, height + 0.9), (2.0, 1.6, 1.4), "concrete")
    return [hull, trims, panes]


def _facade(
    trims: Part, panes: Part, side: int, across: float, out: float, height: float, style: int
) -> None:
    turn = side * pi / 2 - pi / 2
    pitch = (2.6, 3.2, 2.9, 3.6, 2.4)[style]
    count, floors = int((across - 1.5) / pitch), int((height - 4.2) / 3.1)
    wide, high = (1.3, 2.4, 1.2, 2.9, 1.5)[style], (1.6, 1.5, 1.7, 1.6, 2.2)[style]

    def panel(part: Part, at: float, z: float, size: tuple[float, float, float], mat: str) -> None:
        box = Part().box((out, 0, z), (size[0], size[1], size[2]), mat).moved((0, 0, 0))
        box.vertices = [(x, y + at, z_) for x, y, z_ in box.vertices]
        turned = box.moved((0, 0, 0), turn)
        part.add(turned.vertices, turned.faces, turned.materials)

    for column in range(count):
        at = (column - (count - 1) / 2) * pitch
        panel(panes, at, 1.75, (0.12, pitch - 0.5, 2.5), "shop")
        for floor in range(floors):
            z = 5.0 + 3.1 * floor
            panel(trims, at, z, (0.10, wide + 0.22, high + 0.22), "frame")
            panel(panes, at, z, (0.16, wide, high), "window")


MAKERS: dict[str, Callable[[], list[Part]]] = {
    "lamp-post": lamp_post,
    "twin-lamp": twin_lamp,
    "signal": signal_post,
    "signal-mast": signal_mast,
    "sign": sign,
    "bin": bin_,
    "guard-rail": guard_rail,
    "gantry": gantry,
}
VARIANTS = 4  # of trees and bushes


def prop_parts(kind: str, variant: int) -> list[Part]:
    if kind == "tree":
        return tree(variant)
    return bush(variant) if kind == "bush" else MAKERS[kind]()
