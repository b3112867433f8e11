from __future__ import annotations

import numpy as np

from acme_tracker.frames import Frame
from acme_tracker.tracking.governor import LONGEST_REST_S, Governor

BLANK = np.zeros((8, 8, 3), np.uint8)


def frame(index: int) -> Frame:
    return Frame.of_image(BLANK, index, index / 10)


def looks(governor: Governor, frames: range, busy_s: float) -> list[int]:
    """On which frames a detector that takes a frame's time looks, if it looks whenever it may."""
    taken = []
    for index in frames:
        if governor.rested(frame(index)):
            taken.append(index)
            governor.looked(frame(index), 0.1)
        governor.note(frame(index), busy_s)
    return taken


def test_where_there_is_time_to_spare_the_detector_never_rests() -> None:
    assert looks(Governor(), range(10), 0.05) == list(range(10))


def test_where_frames_take_too_long_it_rests_ever_longer() -> None:
    governor = Governor()
    gaps = np.diff(looks(governor, range(200), 0.095))
    assert (np.diff(gaps) >= 0).all()
    assert governor.rest_s == LONGEST_REST_S


def test_where_frames_were_dropped_it_rests_though_those_left_were_in_time() -> None:
    governor = Governor()
    looks(governor, range(0, 20, 5), 0.08)
    assert governor.rest_s > 0.1


def test_frames_that_are_missing_while_there_is_time_to_spare_are_the_cameras_loss() -> None:
    governor = Governor()
    assert looks(governor, range(0, 20, 5), 0.01) == [0, 5, 10, 15]
    assert governor.rest_s == 0


def test_when_the_load_is_gone_it_looks_as_often_as_before() -> None:
    governor = Governor()
    looks(governor, range(100), 0.095)
    looks(governor, range(100, 300), 0.02)
    assert governor.rest_s == 0
    assert looks(governor, range(300, 305), 0.02) == [300, 301, 302, 303, 304]


def test_between_the_bounds_the_rest_stays() -> None:
    governor = Governor()
    looks(governor, range(20), 0.095)
    looks(governor, range(20, 60), 0.08)
    before = governor.rest_s
    looks(governor, range(60, 120), 0.08)
    assert governor.rest_s == before > 0
