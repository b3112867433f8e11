"""Targets at rest: an engine that only counts stands behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import Boxes, Floats
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.resting import REST_S, SETTLED_S, Resting
from acme_tracker.tracking.visual.targets import EngineTracker, Rows

RATE = 20.0
HERE = np.array([[100, 100, 140, 130]], np.float32)


class Driver:
    """Follows targets that all go at `speed`, and notes on which frames it was asked."""

    sees = True
    calibration = None

    def __init__(self) -> None:
        self.speed_px = 0.0
        self.asked: list[int] = []
        self.xyxy = np.empty((0, 4), np.float32)

    def extend(self, count: int) -> None:
        self.xyxy = np.concatenate([self.xyxy, np.zeros((count, 4), np.float32)])

    def place(self, frame: Frame, rows: Rows, xyxy: Boxes, lost: NDArray[np.bool_]) -> None:
        self.xyxy[rows] = xyxy

    def follow(self, frame: Frame, rows: Rows, xyxy: Boxes) -> tuple[Boxes, Floats]:
        if len(rows):
            self.asked.append(frame.index)
        return xyxy + np.float32(self.speed_px), np.full(len(rows), 0.7, np.float32)

    def remove(self, rows: Rows) -> None:
        self.xyxy = np.delete(self.xyxy, rows, axis=0)


def at(index: int, rate: float = RATE) -> Frame:
    return Frame.of_image(np.zeros((240, 320, 3), np.uint8), index, index / rate)


def started(rate: float = RATE) -> tuple[Driver, EngineTracker]:
    driver = Driver()
    tracker = EngineTracker(Resting(driver))
    tracker.start(at(0, rate), np.array([7]), HERE)
    return driver, tracker


def test_who_stands_is_followed_now_and_then() -> None:
    driver, tracker = started()
    for index in range(1, 101):
        followed = tracker.update(at(index))
        assert followed.ok.all()
        assert followed.quality[0] == np.float32(0.7)
    settled = round(SETTLED_S * RATE)
    assert driver.asked[: settled - 1] == list(range(1, settled))
    assert np.diff([n for n in driver.asked if n > settled]).min() >= REST_S * RATE - 1


def test_who_drives_off_is_followed_on_every_frame_again() -> None:
    driver, tracker = started()
    for index in range(1, 60):
        tracker.update(at(index))
    driver.asked.clear()
    driver.speed_px = 5
    for index in range(60, 80):
        tracker.update(at(index))
    woken = driver.asked[0]
    assert woken <= 60 + REST_S * RATE
    assert driver.asked == list(range(woken, 80))


def test_on_few_frames_a_second_everyone_is_followed() -> None:
    driver, tracker = started(rate=3)
    for index in range(1, 40):
        tracker.update(at(index, rate=3))
    assert driver.asked == list(range(1, 40))


def test_a_new_box_is_looked_at_again() -> None:
    driver, tracker = started()
    for index in range(1, 60):
        tracker.update(at(index))
    driver.asked.clear()
    tracker.refresh(at(60), np.array([7]), HERE + np.float32(1))
    tracker.update(at(61))
    assert driver.asked == [61]


def test_the_others_keep_their_rest_when_one_goes() -> None:
    driver, tracker = started()
    tracker.start(at(0), np.array([8]), HERE + np.float32(50))
    for index in range(1, 60):
        tracker.update(at(index))
    driver.asked.clear()
    tracker.stop(np.array([7]))
    for index in range(60, 63):
        followed = tracker.update(at(index))
    assert followed.target_id.tolist() == [8]
    assert len(driver.asked) <= 1
