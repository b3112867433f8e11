"""What a scene consists of, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from render.camera import Camera
from render.movers import Route, Signals

Spot = tuple[float, float]
WEATHERS = ("day", "wet", "night")


@dataclass(frozen=True)
class Area:
    """A piece of ground: a sheet at z, or a slab up to z where `thick`."""

    outline: tuple[Spot, ...]
    z: float
    material: str
    thick: bool = False


@dataclass(frozen=True)
class Prop:
    """A thing that stands there; `group` is the signals' group whose colour it shows."""

    kind: str
    x: float
    y: float
    turn: float = 0.0
    size: float = 1.0
    group: str = ""


@dataclass(frozen=True)
class Building:
    """A block; (x, y) is its middle."""

    x: float
    y: float
    length: float
    depth: float
    height: float
    turn: float
    style: int


@dataclass(frozen=True)
class CountingLine:
    """A line on the ground; who crosses with `start` on the left hand side goes "forward"."""

    name: str
    start: Spot
    end: Spot
    forward: str = ""  # what these directions mean here
    backward: str = ""


@dataclass(frozen=True)
class Scene:
    """Everything that a clip shows.

    Attributes:
        cast: models for single road users, by the order in which they come, whatever the mix drew.
    """

    name: str
    title: str
    frame_rate: int
    seconds: float
    seed: int
    weather: str
    camera: Camera
    areas: tuple[Area, ...]
    props: tuple[Prop, ...]
    buildings: tuple[Building, ...]
    routes: tuple[Route, ...]
    signals: Signals
    lines: tuple[CountingLine, ...]
    warm_up_s: float = 60.0
    cast: Mapping[int, str] = field(default_factory=dict)
    samples: int = 6
    seen_m: float = 220.0
    sun: tuple[float, float] = field(default=(38.0, 200.0))  # elevation, bearing, degrees

    @property
    def frames(self) -> int:
        return round(self.frame_rate * self.seconds)

    def height_at(self, x: float, y: float) -> float:
        """The ground's z: pavements lie higher than the road."""
        raised = [a.z for a in self.areas if a.thick and inside(a.outline, x, y)]
        return max(raised, default=0.0)


def inside(outline: Sequence[Spot], x: float, y: float) -> bool:
    """Whether a point lies in a polygon."""
    within = False
    for (x1, y1), (x2, y2) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            within = not within
    return within
