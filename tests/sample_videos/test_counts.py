from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from render.counts import Way, binned, crossings, scene_card, ways
from render.movers import Mover
from render.scene import CountingLine, Scene
from render.scenes import scene

Traffic = tuple[Scene, list[Mover]]


def everywhere(traffic: Traffic) -> dict[int, tuple[int, int]]:
    return {mover.track_id: (1, traffic[0].frames) for mover in traffic[1]}


def walk(points: list[tuple[float, float]], first: int = 1) -> Way:
    count = len(points)
    return Way(5, "car", "saloon", "", list(range(first, first + count)), points, [0.0] * count,
               [10.0 + n for n in range(count)])  # fmt: skip


def crossed(way: Way, *lines: CountingLine) -> list[tuple[str, str, float]]:
    found = crossings(replace(scene("intersection"), lines=lines), [way])
    return [(c.line, c.direction, c.time_s) for c in found]


LINE = CountingLine("a", (0.0, -2.0), (0.0, 2.0))  # its left hand side is x < 0


def test_a_crossing_has_its_direction_time_and_speed() -> None:
    way = walk([(-1.0, 0.0), (-0.5, 0.0), (1.5, 0.0), (2.0, 0.0)])
    assert crossed(way, LINE) == [("a", "forward", 0.05)]
    back = walk(way.xy[::-1])
    assert [direction for _, direction, _ in crossed(back, LINE)] == ["backward"]
    speed = crossings(replace(scene("intersection"), lines=(LINE,)), [way])[0].speed_m_s
    assert speed == pytest.approx(11.25)


def test_only_what_passes_between_the_ends_counts_and_each_time() -> None:
    assert crossed(walk([(-1.0, 3.0), (1.0, 3.0)]), LINE) == []
    to_and_fro = walk([(-1.0, 0.0), (1.0, 0.0), (-1.0, 0.0)])
    assert [direction for _, direction, _ in crossed(to_and_fro, LINE)] == ["forward", "backward"]


def test_bins_hold_fifteen_seconds() -> None:
    way = walk([(-1.0, 0.0), (1.0, 0.0)] * 3, first=374)
    found = crossings(replace(scene("intersection"), lines=(LINE,)), [way])
    bins = binned(found, 16.0)
    assert [(b["start_s"], b["end_s"]) for b in bins] == [(0.0, 15.0), (15.0, 16.0)]
    first = {"a": {"car": {"forward": 1, "backward": 1}}}
    assert bins[0]["counts"] == first
    assert bins[1]["counts"] == {"a": {"car": {"forward": 2, "backward": 1}}}


def test_speeds_agree_with_the_ways(crossing: Traffic) -> None:
    checked = 0
    for way in ways(*crossing, everywhere(crossing)):
        if len(way.frames) > 10:
            steps = np.hypot(*np.diff(np.array(way.xy), axis=0).T) * crossing[0].frame_rate
            mean = (np.array(way.speeds)[:-1] + np.array(way.speeds)[1:]) / 2
            np.testing.assert_allclose(steps, mean, atol=0.05, rtol=0.01)
            checked += 1
    assert checked > 30


def test_crossings_agree_with_an_independent_count(crossing: Traffic) -> None:
    """By complex numbers: the line is turned onto the imaginary axis."""
    wanted, movers = crossing
    found = ways(wanted, movers, everywhere(crossing))
    counted = 0
    for line in wanted.lines:
        start, end = complex(*line.start), complex(*line.end)
        for way in found:
            z = (np.array(way.xy) @ (1, 1j) - start) / (end - start) * 1j
            over = np.flatnonzero((z[:-1].real < 0) != (z[1:].real < 0))
            for one, two in zip(z[over], z[over + 1], strict=True):
                share = one.real / (one.real - two.real)
                counted += 0 <= (one + share * (two - one)).imag <= 1
    assert len(crossings(wanted, found)) == counted > 5


def test_the_card_tells_of_the_shown_tracks_only(crossing: Traffic) -> None:
    card = scene_card(*crossing, spans={2: (1, 50), 3: (11, 20)}, frames=50)
    assert [track["track_id"] for track in card["tracks"]] == [2, 3]  # type: ignore[attr-defined]
    assert {c["track_id"] for c in card["crossings"]} <= {2, 3}  # type: ignore[attr-defined]
    assert card["frames"] == 50
