from __future__ import annotations

import numpy as np
import pytest
from render.fleet import model
from render.movers import Mover, Route, Signals, pose
from render.paths import Path, bend, joined, straight
from render.scene import Scene
from render.scenes import scene
from render.traffic import Simulation

ROAD = joined(straight((0, 0), (0, 300)))
CARS = (("saloon", 1.0),)
Traffic = tuple[Scene, list[Mover]]


def lone(route: Route, seconds: float, signals: Signals | None = None, seed: int = 0) -> Mover:
    """The first who drives a route."""
    simulation = Simulation((route,), signals or Signals(), seed)
    simulation.due[route.name] = [0.0] + [1e9] * (len(route.lanes) - 1)
    simulation.step(0.0)
    simulation.due[route.name] = [1e9] * len(route.lanes)
    for number in range(1, round(seconds / 0.1)):
        simulation.step(0.1 * number)
    return (*simulation.movers, *simulation.finished)[0]


def test_alone_on_a_straight_road_it_drives_at_its_wish() -> None:
    mover = lone(Route("r", ROAD, 15.0, CARS, 1.0), 12.0)
    speeds = [state[1] for state in mover.history]
    assert speeds[-1] == pytest.approx(mover.wish, rel=0.02)
    now, before = pose(mover, 8.0), pose(mover, 7.96)
    assert now is not None
    assert before is not None
    assert (now.y - before.y) / 0.04 == pytest.approx(now.speed, rel=0.01)
    assert now.heading == pytest.approx(np.pi / 2)


def test_a_red_light_stops_it_at_the_line_and_green_lets_it_go() -> None:
    signals = Signals(((20.0, frozenset()), (20.0, frozenset({"a"}))))
    route = Route("r", ROAD, 13.0, CARS, 1.0, stop_m=100.0, group="a")
    mover = lone(route, 35.0, signals)
    waiting = mover.history[190]
    front = waiting[0] + mover.length / 2
    assert waiting[1] < 0.1
    assert 96.0 < front <= 100.0
    assert mover.history[-1][0] > 110


def test_it_slows_down_for_bends() -> None:
    path = joined(straight((0, 0), (0, 80)), bend((0, 80), (0, 90), (10, 90)),
                  straight((10, 90), (80, 90)))  # fmt: skip
    mover = lone(Route("r", path, 14.0, CARS, 1.0), 25.0)
    slowest = min((state for state in mover.history), key=lambda state: state[1])
    assert 75 < slowest[0] < 100
    assert slowest[1] < 6
    assert mover.history[-1][0] > 110


def test_signals_turn_yellow_before_red_unless_the_next_phase_is_green_too() -> None:
    signals = Signals(((10.0, frozenset({"a", "b"})), (10.0, frozenset({"b"}))))
    assert [signals.colour("a", t) for t in (0, 6.9, 7.1, 9.9, 10.1, 20.1)] == [
        "green", "green", "yellow", "yellow", "red", "green",
    ]  # fmt: skip
    assert all(signals.colour("b", t) == "green" for t in np.arange(0, 20, 0.5))


def test_nobody_drives_into_another(crossing: Traffic) -> None:
    drivers = [mover for mover in crossing[1] if mover.kind not in ("person",)]
    for time_s in np.arange(0.0, 13.9, 0.5):
        discs = []
        for number, mover in enumerate(drivers):
            now = pose(mover, float(time_s))
            if now is not None:
                half = mover.length / 2 - mover.width / 2
                for along in np.linspace(-half, half, 7):
                    x = now.x + along * np.cos(now.heading)
                    y = now.y + along * np.sin(now.heading)
                    discs.append((number, x, y, mover.width / 2))
        table = np.array(discs)
        apart = np.hypot(*(table[:, None, 1:3] - table[None, :, 1:3]).transpose(2, 0, 1))
        room = table[:, None, 3] + table[None, :, 3]
        others = table[:, None, 0] != table[None, :, 0]
        assert not ((apart < room - 0.15) & others).any()


def test_nobody_passes_a_red_light(crossing: Traffic) -> None:
    signals = crossing[0].signals
    passed = 0
    for mover in crossing[1]:
        stop = mover.route.stop_m
        for step, (state, after) in enumerate(zip(mover.history, mover.history[1:], strict=False)):
            front, moved = state[0] + mover.length / 2, after[0] + mover.length / 2
            if stop is not None and front <= stop < moved:
                time_s = mover.came_s + 0.1 * step
                passed += 1
                # As in life, who is too near when it turns red drives on: within its first second.
                lately = signals.colour(mover.route.group, time_s - 1.0)
                assert signals.colour(mover.route.group, time_s) != "red" or lately != "red"
    assert passed > 5


def test_the_same_seed_gives_the_same_traffic_and_another_does_not() -> None:
    wanted = scene("intersection")
    runs = [Simulation(wanted.routes, wanted.signals, seed).run(2.0, 2.0) for seed in (1, 1, 2)]
    lives = [[(m.track_id, m.model, m.body, m.history[-1].tolist()) for m in run] for run in runs]
    assert lives[0] == lives[1]
    assert lives[0] != lives[2]


def test_fast_drivers_overtake_slow_ones_on_the_left() -> None:
    path = Path(straight((0, 0), (0, 900)))
    slow = Route("slow", path, 15.0, (("articulated", 1.0),), 1.0)
    fast = Route("fast", path, 30.0, CARS, 1.0, (0.0, 3.6))
    simulation = Simulation((slow, fast), Signals(), 0)
    simulation.due = {"slow": [0.0], "fast": [5.0, 1e9]}
    for number in range(300):
        simulation.step(0.1 * number)
        if number > 60:
            simulation.due = {"slow": [1e9], "fast": [1e9, 1e9]}
    truck = next(m for m in simulation.movers if m.kind == "truck")
    car = next(m for m in simulation.movers if m.kind == "car")
    assert car.state[0] > truck.state[0] + 20
    sides = np.array([state[3] for state in car.history])
    assert sides.max() > 3.0
    assert np.abs(np.diff(sides)).max() < 0.2  # no jumps


def test_a_trailer_follows_its_tractor_round_the_corner() -> None:
    path = joined(straight((0, 0), (0, 60)), bend((0, 60), (0, 80), (20, 80)),
                  straight((20, 80), (160, 80)))  # fmt: skip
    mover = lone(Route("r", path, 12.0, (("articulated", 1.0),), 1.0), 35.0)
    turning = [abs(float(s[4]) - p.heading) for s, p in (
        (state, pose(mover, mover.came_s + 0.1 * n)) for n, state in enumerate(mover.history[:-1])
    ) if p]  # fmt: skip
    assert 0.3 < max(turning) < 1.4
    assert turning[-1] < 0.1


@pytest.mark.parametrize("name", ["intersection", "highway", "night"])
def test_every_scene_lets_all_classes_drive(name: str) -> None:
    kinds = {model(one).kind for route in scene(name).routes for one, _ in route.mix}
    wanted = {"car", "bus", "truck", "motorcycle"}
    if name != "highway":
        wanted |= {"person", "bicycle"}
    assert kinds == wanted


def test_the_crossing_shows_all_movements(crossing: Traffic) -> None:
    movements = {m.route.movement for m in crossing[1]}
    assert movements == {"through", "left", "right", "crosswalk"}


def test_a_longer_run_begins_like_a_short_one() -> None:
    route = Route("r", ROAD, 25.0, (("saloon", 0.5), ("bus", 0.5)), 3000.0, (0.0, 3.6))
    short, long = (Simulation((route,), Signals(), 5).run(5.0, s) for s in (1.0, 4.0))
    assert 2 < len(short) < len(long)
    for one, two in zip(short, long, strict=False):
        assert one.model == two.model
        lived = len(one.history)
        np.testing.assert_array_equal(one.history, two.history[:lived])


def test_casting_one_road_user_changes_nobody_on_other_routes() -> None:
    wanted = scene("intersection")

    def lives(cast: dict[int, str]) -> list[tuple[str, str, list[float]]]:
        run = Simulation(wanted.routes, wanted.signals, 4, cast).run(12.0, 2.0)
        return [(m.route.name, m.model, np.concatenate(m.history).tolist()) for m in run]

    pairs = list(zip(lives({}), lives({20: "motorcyclist"}), strict=True))
    changed = [(drawn, cast) for drawn, cast in pairs if drawn != cast]
    ((_, model, _),) = [cast for drawn, cast in changed if drawn[1] != cast[1]]
    assert model == "motorcyclist"
    assert len({route for (route, *_), _ in changed}) == 1
