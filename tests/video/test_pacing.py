"""Streams that come in bursts; the clock goes by what a test says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from acme_tracker.video.pacing import MOST_S, Paced
from acme_tracker.video.sources import open_source
from tests.video.clips import DEFAULTS, number_of, write_clip
from tests.video.servers import served_list

STEP_S = 0.04


class World:
    """A clock, and a network that gives packets of 25 frames a second when a test says."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept_s = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.slept_s += seconds

    def paced(self, dts: list[int | None], waits: dict[int, float]) -> Paced:
        """Packets with these timestamps; those at some places take so many seconds to come."""

        def packets() -> Iterator[Any]:
            for place, stamp in enumerate(dts):
                self.now += waits.get(place, 0)
                yield SimpleNamespace(dts=stamp, time_base=Fraction(1, 25))

        return Paced(packets(), self.clock, self.sleep)


def given(world: World, paced: Paced, busy: dict[int, float] | None = None) -> list[float]:
    """When each packet was given, in frames from the first one on; its taker may be busy before."""
    times = []
    paced.begin()
    for place, _ in enumerate(paced):
        times.append(world.now)
        world.now += (busy or {}).get(place, 0)
    return [round((at - times[0]) / STEP_S, 6) for at in times]


def test_what_comes_at_once_is_given_as_it_was_filmed() -> None:
    world = World()
    assert given(world, world.paced([5, 6, 7, 9, 10], {})) == [0, 1, 2, 4, 5]


def test_what_came_before_it_began_was_wanted_at_once() -> None:
    world = World()
    paced = world.paced(list(range(20)), {})
    for _ in range(10):
        next(paced)
    assert world.slept_s == 0
    assert given(world, paced) == list(range(10))


def test_who_waited_for_the_network_gives_all_that_follows_as_much_later() -> None:
    world = World()
    # The next segment is 3 frames late, and comes in one piece.
    times = given(world, world.paced(list(range(10)), {5: 4 * STEP_S}))
    assert times == [0, 1, 2, 3, 4, 8, 9, 10, 11, 12]


def test_who_is_slow_catches_up() -> None:
    world = World()
    times = given(world, world.paced(list(range(8)), {}), busy={2: 3.5 * STEP_S})
    assert times == [0, 1, 2, 5.5, 5.5, 5.5, 6, 7]


@pytest.mark.parametrize("jump", [-1000, 1000])
def test_timestamps_that_begin_anew_are_not_waited_for(jump: int) -> None:
    world = World()
    assert abs(jump) * STEP_S > MOST_S
    dts: list[int | None] = [0, 1, 2, 2 + jump, 3 + jump, 4 + jump]
    assert given(world, world.paced(dts, {})) == [0, 1, 2, 2, 3, 4]


def test_packets_without_timestamps_pass() -> None:
    world = World()
    assert given(world, world.paced([0, None, 1, None, 2], {})) == [0, 0, 1, 1, 2]


def test_the_segments_of_a_live_list_are_played_not_rushed_through(tmp_path: Path) -> None:
    options = {"hls_time": "0.2", "hls_list_size": "0"}
    write_clip(tmp_path / "live.m3u8", 15, container_options=options)  # .6 s in three segments
    assert len(list(tmp_path.glob("*.ts"))) == 3
    numbers, times = [], []
    with (
        served_list(tmp_path, "live.m3u8", live=True) as (url, _),
        open_source(url, DEFAULTS) as source,
    ):
        assert source.info.live
        for frame in source:
            numbers.append(number_of(frame.image))
            times.append(time.monotonic())
            if len(numbers) == 15:
                break
    assert numbers == list(range(15))
    # The decoder has the last ones ready when the list ends.
    assert times[-1] - times[0] > 0.5 * 14 * STEP_S
