"""Meshes as plain lists: boxes, tubes, ellipsoids, lofts. Metres; x forward, y left, z up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]
Points = NDArray[np.float64]  # (N, 3)


@dataclass(frozen=True)
class Cut:
    """A cylinder along y, on both sides, that is cut out of a part: a wheel's arch."""

    x: float
    z: float
    radius: float
    from_y: float


@dataclass
class Part:
    """Faces of one piece and how they are refined.

    Attributes:
        vertices: corners (x, y, z).
        faces: indices of each face's corners, counter-clockwise seen from outside.
        materials: the material's name a face.
        subdivide: rounds of subdivision.
        bevel_m: width of rounded edges; 0 leaves them sharp.
        cuts: what is cut out.
        creases: (vertex, vertex, weight) of edges that subdivision leaves sharp.
    """

    vertices: list[Point] = field(default_factory=list)
    faces: list[tuple[int, ...]] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)
    subdivide: int = 0
    bevel_m: float = 0.0
    cuts: tuple[Cut, ...] = ()
    creases: list[tuple[int, int, float]] = field(default_factory=list)

    def add(
        self,
        vertices: Sequence[Sequence[float]] | Points,
        faces: Sequence[Sequence[int]],
        material: str | Sequence[str],
    ) -> Part:
        start = len(self.vertices)
        self.vertices += [(float(x), float(y), float(z)) for x, y, z in vertices]
        self.faces += [tuple(start + index for index in face) for face in faces]
        self.materials += [material] * len(faces) if isinstance(material, str) else list(material)
        return self

    def moved(self, by: Sequence[float], turn_z: float = 0.0, scale: float = 1.0) -> Part:
        """A copy that is scaled, turned around z (radians) and moved."""
        cos, sin = np.cos(turn_z), np.sin(turn_z)
        turn = np.array(((cos, -sin, 0), (sin, cos, 0), (0, 0, 1)))
        points = scale * np.array(self.vertices).reshape(-1, 3) @ turn.T + np.array(by)
        return Part(
            [(float(x), float(y), float(z)) for x, y, z in points],
            list(self.faces),
            list(self.materials),
            self.subdivide,
            self.bevel_m,
            self.cuts,
            list(self.creases),
        )

    def box(self, centre: Sequence[float], size: Sequence[float], material: str) -> Part:
        corners = [
            [c + s * side / 2 for c, s, side in zip(centre, size, sides, strict=True)]
            for sides in _CORNERS
        ]
        return self.add(corners, _BOX_FACES, material)

    def slab(self, outline: Sequence[Sequence[float]], low: float, high: float, mat: str) -> Part:
        """A prism over a polygon (x, y), counter-clockwise seen from above."""
        count = len(outline)
        points = [[x, y, low] for x, y in outline] + [[x, y, high] for x, y in outline]
        around = [(i, (i + 1) % count) for i in range(count)]
        faces = [(a, b, b + count, a + count) for a, b in around]
        tops = [tuple(range(count, 2 * count)), tuple(range(count - 1, -1, -1))]
        return self.add(points, [*faces, *tops], mat)

    def profile(self, side_view: Sequence[Sequence[float]], width: float, material: str) -> Part:
        """A prism across y over a polygon (x, z) that begins by rising at its rear."""
        count, half = len(side_view), width / 2
        points = [[x, -half, z] for x, z in side_view] + [[x, half, z] for x, z in side_view]
        around = [(i, (i + 1) % count) for i in range(count)]
        faces = [(a, b, b + count, a + count) for a, b in around]
        ends = [tuple(range(2 * count - 1, count - 1, -1)), tuple(range(count))]
        return self.add(points, [*faces, *ends], material)

    def sheet(self, outline: Sequence[Sequence[float]], z: float, material: str) -> Part:
        """A flat polygon (x, y) that looks up."""
        return self.add([[x, y, z] for x, y in outline], [tuple(range(len(outline)))], material)

    def tube(self, ends: Sequence[Sequence[float]], radii: Sequence[float], material: str) -> Part:
        """Round limbs through points, one radius a point, with closed ends."""
        sides = 10
        path = np.array(ends, float)
        tangents = np.gradient(path, axis=0)
        rings = []
        for point, tangent, radius in zip(path, tangents, radii, strict=True):
            tangent = tangent / np.linalg.norm(tangent)
            helper = np.array((0, 0, 1.0) if abs(tangent[2]) < 0.9 else (1.0, 0, 0))
            one = np.cross(helper, tangent)
            one /= np.linalg.norm(one)
            two = np.cross(tangent, one)
            turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
            rings.append(point + radius * (np.cos(turn) * one + np.sin(turn) * two))
        return self.rings(rings, lambda *_: material, caps=(material, material))

    def ellipsoid(
        self, centre: Sequence[float], radii: Sequence[float], material: str, sides: int = 12
    ) -> Part:
        tilt = np.linspace(-np.pi / 2, np.pi / 2, sides // 2 + 1)[1:-1]
        turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        rings = [
            np.array(centre)
            + np.stack(
                [np.cos(a) * np.cos(turn), np.cos(a) * np.sin(turn), np.full(sides, np.sin(a))], 1
            )
            * np.array(radii)
            for a in (-np.pi / 2 + 0.15, *tilt, np.pi / 2 - 0.15)
        ]
        return self.rings(rings, lambda *_: material, caps=(material, material))

    def lathe(
        self, profile: Sequence[tuple[float, float]], materials: Sequence[str], sides: int = 28
    ) -> Part:
        """(y, radius) points turned around the y axis; one material a stretch."""
        turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        rings = [
            np.stack([r * np.cos(turn), np.full(sides, y), r * np.sin(turn)], 1) for y, r in profile
        ]
        rings = [ring[::-1] for ring in rings]
        caps = (materials[0], materials[-1])
        return self.rings(rings, lambda row, _: materials[row], caps=caps)

    def rings(
        self,
        rings: Sequence[Points],
        material: Callable[[int, int], str],
        caps: tuple[str, str] | None = None,
    ) -> Part:
        """A closed hose through rings of equally many points; material(ring, side)."""
        sides = len(rings[0])
        faces: list[tuple[int, ...]] = []
        names: list[str] = []
        for row in range(len(rings) - 1):
            for side in range(sides):
                here, there = row * sides, (row + 1) * sides
                after = (side + 1) % sides
                faces.append((here + side, here + after, there + after, there + side))
                names.append(material(row, side))
        if caps:
            last = (len(rings) - 1) * sides
            faces.append(tuple(range(sides - 1, -1, -1)))
            faces.append(tuple(range(last, last + sides)))
            names += caps
        return self.add(np.concatenate(rings), faces, names)


_CORNERS = [(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]
_BOX_FACES = [
    (0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5),
]  # fmt: skip
