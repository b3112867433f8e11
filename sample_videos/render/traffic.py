"""Road users on paths: they follow, stop, turn, yield and overtake. Seeded, ten steps a second.

Each drives by the Intelligent Driver Model (Treiber, Hennecke, Helbing 2000) behind whatever lies
on the strip of ground that it is about to cover: a leader, someone who crosses, a red light.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from render import fleet
from render.movers import CHANGE_S, STEP_S, Mover, Route, Signals, placed

Array = NDArray[np.float64]
AHEAD_M = np.arange(0.5, 150.0, 1.0)  # how far the fastest drivers look, from the own front
_WALKER = "person"


class Simulation:
    """Everything that moves, from `-warm_up_s` to the clip's end."""

    def __init__(
        self,
        routes: tuple[Route, ...],
        signals: Signals,
        seed: int,
        cast: Mapping[int, str] | None = None,
    ) -> None:
        self.routes, self.signals, self.cast = routes, signals, cast or {}
        self.rng = np.random.default_rng(seed)
        self.movers: list[Mover] = []
        self.finished: list[Mover] = []
        self.due = {
            route.name: [self._gap(route, first=True) for _ in route.lanes] for route in routes
        }
        self.speeds = {route.name: route.speeds() for route in routes}

    def run(self, warm_up_s: float, seconds: float) -> list[Mover]:
        """All who were there between 0 and `seconds`, numbered from 1 in order of coming."""
        self._walkers_on_their_way(-warm_up_s)
        for number in range(round((warm_up_s + seconds + 1.0) / STEP_S)):
            self.step(number * STEP_S - warm_up_s)
        seen = [m for m in (*self.finished, *self.movers) if self._end(m) > 0]
        seen.sort(key=lambda mover: (mover.came_s, mover.track_id))
        for number, mover in enumerate(seen):
            mover.track_id = number + 1
        return seen

    @staticmethod
    def _end(mover: Mover) -> float:
        return mover.came_s + len(mover.history) * STEP_S

    def step(self, time_s: float) -> None:
        self._arrivals(time_s)
        spots, sizes, owners = self._obstacles(time_s)
        pulls = []
        for number, mover in enumerate(self.movers):
            others = owners != number
            pulls.append(self._pull(mover, spots[others], sizes[others], owners[others], time_s))
        for mover, pull in zip(self.movers, pulls, strict=True):
            self._advance(mover, pull, time_s)
        self.finished += [m for m in self.movers if m.gone]
        self.movers = [m for m in self.movers if not m.gone]

    def _walkers_on_their_way(self, time_s: float) -> None:
        """Walkers are too slow to come from the routes' ends while it warms up."""
        for route in self.routes:
            if route.mix[0][0] in fleet.WALKERS:
                count = self.rng.poisson(route.per_hour * route.path.length / route.limit / 3600)
                for _ in range(int(count)):
                    mover = self._newcomer(route, 0, time_s, route.limit)
                    mover.state[0] = self.rng.uniform(0.0, route.path.length)
                    self.movers.append(mover)

    def _gap(self, route: Route, first: bool = False) -> float:
        """Seconds to the next one on a lane: a least one, and a random rest."""
        mean = 3600 * len(route.lanes) / max(route.per_hour, 1e-9)
        least = 0.0 if first else min(1.6, 0.6 * mean)
        return float(least + self.rng.exponential(max(mean - least, 0.05)))

    def _arrivals(self, time_s: float) -> None:
        for route in self.routes:
            due = self.due[route.name]
            for lane in range(len(route.lanes)):
                due[lane] -= STEP_S
                speed = self._entry_speed(route, lane) if due[lane] <= 0 else None
                if speed is not None:
                    self.movers.append(self._newcomer(route, lane, time_s, speed))
                    due[lane] = self._gap(route)

    def _entry_speed(self, route: Route, lane: int) -> float | None:
        """How fast one may come in behind the last; None while there is no room."""
        allowed = min(route.limit, float(self.speeds[route.name][0]))
        if route.mix[0][0] in fleet.WALKERS:
            return allowed
        x, y, heading = route.path.one(0.0, route.lanes[lane])
        for mover in self.movers:
            away_x, away_y = mover.spot[0] - x, mover.spot[1] - y
            gap = away_x * cos(heading) + away_y * sin(heading) - mover.tail_m - 3.0
            aside = abs(away_y * cos(heading) - away_x * sin(heading))
            if mover.kind == _WALKER or aside > 2.2 or gap < -40 or gap > 3 * allowed:
                continue
            speed = min(allowed, float(mover.state[1]) + 1.0)
            if gap < 4.0 + 1.2 * speed:
                return None
            allowed = speed
        return allowed

    def _newcomer(self, route: Route, lane: int, time_s: float, speed: float) -> Mover:
        names, shares = zip(*route.mix, strict=True)
        weights = np.array(shares) / sum(shares)
        name = str(names[int(self.rng.choice(len(names), p=weights))])
        kind = fleet.model(name).kind
        body, second = fleet.colours(kind, self.rng)
        slow = {"truck": 0.86, "bus": 0.9}.get(kind, 1.0)
        wish = route.limit * slow * float(np.clip(self.rng.normal(1.0, 0.09), 0.75, 1.25))
        stray = float(np.clip(self.rng.normal(0, route.spread_m), -2.5, 2.5))
        number = len(self.finished) + len(self.movers) + 1
        # Cast last: whoever comes afterwards is drawn as if it had not been.
        name = self.cast.get(number, name)
        mover = Mover(number, name, route, wish, time_s, lane, stray, body, second)
        mover.from_left = route.lanes[lane]
        mover.spot = route.path.one(0.0, mover.left(time_s))
        mover.state = np.array((0.0, min(wish, speed), 0.0, mover.left(time_s), mover.spot[2]))
        return mover

    def _obstacles(self, time_s: float) -> tuple[Array, Array, NDArray[np.int64]]:
        """Points along everybody's middle line (N, 2), their half widths and whose they are."""
        spots: list[tuple[float, float]] = []
        sizes: list[float] = []
        owners: list[int] = []
        for number, mover in enumerate(self.movers):
            mover.spot = placed(mover, float(mover.state[0]), mover.left(time_s))
            body = _body(mover)
            spots += body
            half = 0.9 if mover.kind == _WALKER else mover.width / 2
            sizes += [half] * len(body)
            owners += [number] * len(body)
        return np.array(spots).reshape(-1, 2), np.array(sizes), np.array(owners, np.int64)

    def _pull(
        self, mover: Mover, spots: Array, sizes: Array, owners: NDArray[np.int64], time_s: float
    ) -> float:
        """The acceleration it chooses, in m/s²."""
        way, speed = float(mover.state[0]), float(mover.state[1])
        profile = self.speeds[mover.route.name]
        there = float(np.interp(way, mover.route.path.way, profile))
        wish = max(min(mover.wish, there), 0.5)
        gaps = [(self._red_gap(mover, time_s), 0.0)]
        if mover.kind != _WALKER:
            left = mover.route.lanes[mover.lane] + mover.stray
            gaps.append(self._leader(mover, left, spots, sizes, owners))
            if len(mover.route.lanes) > 1:
                self._consider_change(mover, gaps[-1], spots, sizes, owners, time_s)
        return min(_idm(mover, speed, wish, gap, leader) for gap, leader in gaps)

    def _red_gap(self, mover: Mover, time_s: float) -> float:
        route = mover.route
        if route.stop_m is None:
            return np.inf
        gap = route.stop_m - float(mover.state[0]) - mover.length / 2
        colour = self.signals.colour(route.group, time_s)
        brake_m = float(mover.state[1]) ** 2 / (2 * 3.0)
        if gap < -0.3 or colour == "green" or (colour == "yellow" and gap < brake_m):
            return np.inf
        if colour == "red" and gap < 0.5 * brake_m and mover.state[1] > 3:
            return np.inf  # too late to stop: it clears the crossing
        return max(gap, 0.01) + (0.0 if mover.kind == _WALKER else 1.0)

    def _leader(
        self, mover: Mover, left: float, spots: Array, sizes: Array, owners: NDArray[np.int64]
    ) -> tuple[float, float]:
        """The gap to what lies on the strip ahead, and how fast that goes along it."""
        front = float(mover.state[0]) + mover.length / 2
        reach = 12.0 + 4.5 * float(mover.state[1])
        ahead = AHEAD_M[reach > AHEAD_M]
        strip, headings = mover.route.path.at(front + ahead, np.full(len(ahead), left))
        away_x, away_y = spots[:, 0] - strip[0, 0], spots[:, 1] - strip[0, 1]
        near = away_x**2 + away_y**2 < (reach + 3) ** 2
        if not near.any():
            return np.inf, 0.0
        away = np.hypot(*np.moveaxis(strip[:, None] - spots[near][None], -1, 0))
        hit = away < (mover.width / 2 + sizes[near] + 0.25)[None]
        if not hit.any():
            return np.inf, 0.0
        first = int(hit.any(axis=1).argmax())
        whose = owners[near][int(away[first].argmin())]
        other = self.movers[int(whose)]
        heading = other.spot[2]
        along = max(float(np.cos(heading - headings[first])), 0.0)
        return float(AHEAD_M[first]) - 0.5, float(other.state[1]) * along

    def _consider_change(
        self,
        mover: Mover,
        ahead: tuple[float, float],
        spots: Array,
        sizes: Array,
        owners: NDArray[np.int64],
        time_s: float,
    ) -> None:
        """Passes a slower leader on the left, and moves back to the right where that is free."""
        speed = float(mover.state[1])
        if time_s - mover.changed_s < CHANGE_S + 3 or speed < 8:
            return
        slow = ahead[0] < 2.2 * speed and ahead[1] < 0.93 * mover.wish
        lanes = mover.route.lanes
        wanted = mover.lane + (1 if slow else -1)
        if mover.kind in ("truck", "bus") and wanted > 1:
            return
        if not 0 <= wanted < len(lanes) or not self._gap_beside(mover, lanes[wanted], slow):
            return
        gap, leader = self._leader(mover, lanes[wanted] + mover.stray, spots, sizes, owners)
        need = 0.8 * speed if slow else 3.0 * speed
        if gap > need and (leader > ahead[1] or gap > 60 or not slow):
            mover.from_left = mover.left(time_s) - mover.stray
            mover.lane, mover.changed_s = wanted, time_s

    def _gap_beside(self, mover: Mover, left: float, hurried: bool) -> bool:
        """Whether nobody in that lane is beside it or closes in from behind."""
        for other in self.movers:
            if other is mover or other.route is not mover.route:
                continue
            if abs(other.route.lanes[other.lane] - left) > 1.5:
                continue
            behind = float(mover.state[0] - other.state[0])
            closing = max(float(other.state[1] - mover.state[1]), 0.0)
            room = mover.tail_m + other.length / 2 + (6 if hurried else 12) + 2.5 * closing
            if -(mover.length / 2 + other.tail_m + 8) < behind < room:
                return False
        return True

    def _advance(self, mover: Mover, pull: float, time_s: float) -> None:
        way, speed, _, _, trailer = mover.state
        pull = max(pull, -speed / STEP_S)
        mover.history.append(np.array((way, speed, pull, mover.left(time_s), trailer)))
        new_speed = speed + pull * STEP_S
        moved = (speed + new_speed) / 2 * STEP_S
        towed = fleet.model(mover.model).trailer
        if towed is not None:
            # The wheels of the trailer follow its hitch.
            trailer += moved / (towed.length - 4.6) * float(np.sin(mover.spot[2] - trailer))
        mover.state = np.array((way + moved, new_speed, pull, mover.left(time_s), trailer))
        mover.gone = bool(mover.state[0] - mover.tail_m > mover.route.path.length)


def _body(mover: Mover) -> list[tuple[float, float]]:
    """Points along its middle line, and along its trailer's."""
    x, y, heading = mover.spot
    front = mover.length / 2
    steps = max(1, int(mover.length / 1.8))
    along = [front * (2 * n / steps - 1) for n in range(steps + 1)]
    ahead_x, ahead_y = cos(heading), sin(heading)
    points = [(x + way * ahead_x, y + way * ahead_y) for way in along]
    if mover.tail_m > front:
        hitch = fleet.model(mover.model).hitch_x
        turn = float(mover.state[4])
        back = [-(mover.tail_m + hitch) + 1.8 * n for n in range(int((mover.tail_m - front) / 1.8))]
        x, y = x + hitch * ahead_x, y + hitch * ahead_y
        points += [(x + way * cos(turn), y + way * sin(turn)) for way in back]
    return points


def _idm(mover: Mover, speed: float, wish: float, gap: float, leader: float) -> float:
    if mover.kind == _WALKER:
        strong, gentle, headway, still = 1.2, 1.5, 0.3, 0.3
    elif mover.kind in ("bus", "truck"):
        strong, gentle, headway, still = 0.9, 1.8, 1.4, 2.2
    else:
        strong, gentle, headway, still = 1.6, 2.0, 1.1, 1.8
    free = 1 - (speed / wish) ** 4
    if not np.isfinite(gap):
        return strong * max(free, -2.0)
    closing = speed * (speed - leader) / (2 * sqrt(strong * gentle))
    wanted = still + max(0.0, speed * headway + closing)
    return max(strong * (max(free, -2.0) - (wanted / max(gap, 0.1)) ** 2), -7.0)
