"""Timestamps become seconds that never go back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acme_tracker.video.timeline import MAX_STEP_S, Timeline, sane_rate, trustworthy

RATE = Fraction(25)
Stamps = list[Fraction | None]


def stamps(*values: float | None) -> Stamps:
    return [None if value is None else Fraction(str(value)) for value in values]


def times(found: Stamps, origin: float = 0) -> list[float]:
    timeline = Timeline(RATE, Fraction(str(origin)))
    return [timeline.time_of(stamp) for stamp in found]


def test_rising_timestamps_are_kept_from_the_first_on() -> None:
    timeline = Timeline(RATE, Fraction(7))
    found = [timeline.time_of(stamp) for stamp in stamps(7, 7.04, 7.5, 7.51)]
    assert found == [0, 0.04, 0.5, 0.51]
    assert timeline.faults == 0


def test_one_slip_does_not_move_the_frames_after_it() -> None:
    assert times(stamps(0, 0.04, 0.01, 0.12, 0.16)) == [0, 0.04, 0.08, 0.12, 0.16]


def test_a_missing_timestamp_is_filled_in() -> None:
    assert times(stamps(0, None, 0.08)) == [0, 0.04, 0.08]


def test_a_counter_that_is_reset_goes_on_where_it_was() -> None:
    found = times(stamps(100, 100.04, 0, 0.04, 0.08, 0.5), origin=100)
    assert found == pytest.approx([0, 0.04, 0.08, 0.12, 0.16, 0.58])


def test_a_jump_of_more_than_an_hour_is_a_broken_timestamp() -> None:
    assert times(stamps(0, 0.04, MAX_STEP_S + 1, 0.12)) == [0, 0.04, 0.08, 0.12]


def test_a_pause_of_minutes_is_a_pause() -> None:
    assert times(stamps(0, 0.04, 600)) == [0, 0.04, 600]


def test_faults_are_counted() -> None:
    timeline = Timeline(RATE, Fraction(0))
    for stamp in stamps(0, 0, None, 0.2):
        timeline.time_of(stamp)
    assert timeline.faults == 2


def test_without_an_origin_the_frame_rate_gives_the_times() -> None:
    timeline = Timeline(Fraction(50), None)
    assert [timeline.time_of(stamp) for stamp in stamps(1, 4, 6, 5)] == [0, 0.02, 0.04, 0.06]


def test_missing_frames_take_their_time_where_the_frame_rate_gives_it() -> None:
    by_rate, by_stamps = Timeline(Fraction(50), None), Timeline(RATE, Fraction(0))
    found = []
    for stamp in stamps(0, 0.2):
        found.append((by_rate.time_of(stamp), by_stamps.time_of(stamp)))
        by_rate.skip(3)
        by_stamps.skip(3)
    assert found == [(0, 0), (0.08, 0.2)]


def test_a_live_source_without_timestamps_goes_by_the_clock() -> None:
    readings = iter([50.0, 50.5, 50.5, 51.0])
    timeline = Timeline(RATE, None, clock=lambda: next(readings))
    found = [timeline.time_of(None) for _ in range(4)]
    assert found == pytest.approx([0, 0.5, 0.501, 1.0])


@example([Fraction(0), Fraction(-1, 10**17), Fraction(0)])
@given(st.lists(st.none() | st.fractions(-10_000, 10_000), min_size=1, max_size=30))
def test_times_rise_whatever_the_timestamps_are(found: Stamps) -> None:
    timeline = Timeline(RATE, found[0])
    made = [timeline.time_of(stamp) for stamp in found]
    assert made[0] == 0
    assert np.all(np.diff(made) > 0)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        (stamps(0, 0.04, 0.08), True),
        (stamps(5), True),
        (stamps(None), False),
        (stamps(1, 4, 6, 5, 7, 10, 9, 8), False),
        (stamps(*([0.04] * 16)), False),
        (stamps(*(n / 25 for n in range(12)), 0.1), True),
    ],
)
def test_a_few_first_timestamps_tell_whether_to_trust_them(found: Stamps, good: bool) -> None:
    assert trustworthy(found) is good


@pytest.mark.parametrize(
    ("claims", "rate"),
    [
        ([Fraction(214748359, 3579125)], 60),
        ([Fraction(30000, 1001)], Fraction(30000, 1001)),
        ([Fraction(29970, 1000)], Fraction(30000, 1001)),
        ([Fraction(25, 2)], Fraction(25, 2)),
        ([Fraction(90000), Fraction(15)], 15),
        ([None, Fraction(0)], 25),
    ],
)
def test_a_believable_frame_rate_is_chosen_and_tidied(
    claims: list[Fraction | None], rate: Fraction
) -> None:
    assert sane_rate(*claims) == rate
