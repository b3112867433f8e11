"""Signals, routes, and the lives of those who use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import atan2, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from render import fleet
from render.models import FRONT_OF_HITCH_M
from render.paths import Path

Array = NDArray[np.float64]
STEP_S = 0.1
CHANGE_S = 4.0  # a change of lanes
YELLOW_S = 3.0


@dataclass(frozen=True)
class Signals:
    """A cycle of phases: (seconds, groups that have green); their last 3 s are yellow.

    A group that has green in the next phase too stays green.
    """

    phases: tuple[tuple[float, frozenset[str]], ...] = ()
    offset_s: float = 0.0

    def colour(self, group: str, time_s: float) -> str:
        if not self.phases:
            return "green"
        left = (time_s + self.offset_s) % sum(seconds for seconds, _ in self.phases)
        number = 0
        while left >= self.phases[number][0]:
            left -= self.phases[number][0]
            number += 1
        seconds, groups = self.phases[number]
        after = self.phases[(number + 1) % len(self.phases)][1]
        if group not in groups:
            return "red"
        return "yellow" if seconds - left < YELLOW_S and group not in after else "green"


@dataclass(frozen=True)
class Route:
    """A path, its users and its rules.

    Attributes:
        lanes: distances left of the path that may be driven; several allow overtaking.
        stop_m: the stop line's way from the start, where `group` needs green.
        mix: (model, share) of its users.
        per_hour: how many come, over all lanes.
        spread_m: how far users stray from their lane's middle.
    """

    name: str
    path: Path
    limit: float
    mix: tuple[tuple[str, float], ...]
    per_hour: float
    lanes: tuple[float, ...] = (0.0,)
    stop_m: float | None = None
    group: str = ""
    spread_m: float = 0.2
    movement: str = ""

    def speeds(self) -> Array:
        """The highest speed at each point: the limit, curves, and braking before them."""
        limit = np.minimum(self.limit, np.sqrt(2.2 / np.maximum(self.path.curvature, 1e-6)))
        steps = np.diff(self.path.way)
        for number in range(len(limit) - 2, -1, -1):
            reach = sqrt(limit[number + 1] ** 2 + 2 * 1.6 * steps[number])
            limit[number] = min(limit[number], reach)
        return np.asarray(limit)


@dataclass
class Mover:
    """One road user's life: what it is, and its state at each step since it came.

    Attributes:
        state: way (m), speed (m/s), acceleration, metres left of the path, trailer's heading.
        history: a state a step.
        spot: where it is in the step that is being made: x, y, heading.
    """

    track_id: int
    model: str
    route: Route
    wish: float
    came_s: float
    lane: int
    stray: float
    body: fleet.Colour
    second: fleet.Colour
    state: Array = field(default_factory=lambda: np.zeros(5))
    history: list[Array] = field(default_factory=list)
    changed_s: float = -1e9
    from_left: float = 0.0
    gone: bool = False
    spot: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def kind(self) -> str:
        return fleet.model(self.model).kind

    @property
    def length(self) -> float:
        return fleet.model(self.model).length

    @property
    def width(self) -> float:
        return fleet.model(self.model).width

    @property
    def tail_m(self) -> float:
        """From the middle to the rearmost point."""
        model = fleet.model(self.model)
        if model.trailer is None:
            return model.length / 2
        return model.trailer.length - FRONT_OF_HITCH_M - model.hitch_x

    def left(self, time_s: float) -> float:
        share = min(max((time_s - self.changed_s) / CHANGE_S, 0.0), 1.0)
        share = share * share * (3 - 2 * share)
        return self.from_left + share * (self.route.lanes[self.lane] - self.from_left) + self.stray


@dataclass(frozen=True)
class Pose:
    """Where a road user is: the middle of its body, heading in radians."""

    x: float
    y: float
    heading: float
    speed: float
    acceleration: float
    driven_m: float
    trailer_heading: float


def pose(mover: Mover, time_s: float) -> Pose | None:
    """At any time of its life; None before and after."""
    step = (time_s - mover.came_s) / STEP_S
    index = int(np.floor(step + 1e-9))
    if index < 0 or index >= len(mover.history) - 1:
        return None
    after = (step - index) * STEP_S
    way, speed, pull, left, trailer = mover.history[index]
    way_, _, _, left_, trailer_ = mover.history[index + 1]
    share = after / STEP_S
    # Stopping within a step ends at its own place, not behind it.
    along = min(way + speed * after + 0.5 * pull * after**2, way_) if pull < 0 else (
        way + speed * after + 0.5 * pull * after**2)  # fmt: skip
    aside = left + share * (left_ - left)
    x, y, heading = placed(mover, along, aside)
    return Pose(
        x, y, heading, max(speed + pull * after, 0.0), pull, along,
        trailer + share * (trailer_ - trailer),
    )  # fmt: skip


def placed(mover: Mover, way: float, left: float) -> tuple[float, float, float]:
    """x, y, heading of the body's middle; both axles stay on the path."""
    reach = 0.3 * mover.length
    path = mover.route.path
    rear_x, rear_y, rear_heading = path.one(way - reach, left)
    front_x, front_y, front_heading = path.one(way + reach, left)
    heading = atan2(front_y - rear_y, front_x - rear_x)
    near = (rear_heading + front_heading) / 2
    heading += 2 * pi * round((near - heading) / (2 * pi))
    return (rear_x + front_x) / 2, (rear_y + front_y) / 2, heading
