"""Objects that pass behind others, in drawn pictures, with the visual tracker of the defaults."""

from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.boxes import coverage
from acme_tracker.config import AssociationSettings, LifecycleSettings, VisualTrackerSettings
from acme_tracker.datatypes import Boxes, ClassList, Detections, Observation
from acme_tracker.frames import Frame, Image
from acme_tracker.tracking.tracker import ObjectTracker
from acme_tracker.tracking.visual.registry import open_visual_tracker
from tests.fakes import textured_scene

FPS = 10
TRUCK = (200, 80, 360, 200)
CAR = (50, 40)  # pixels
RED, BLUE = (40, 40, 200), (200, 60, 40)
VISIBLE = 0.5  # share from which the detector sees a car


def painted(size: tuple[int, int], colour: tuple[int, int, int], seed: int) -> Image:
    """A patch (H, W, 3) of one colour with some texture."""
    texture = textured_scene(size, seed).astype(np.float32) - 128
    return np.asarray(np.clip(np.array(colour) + 0.3 * texture, 0, 255), np.uint8)


def drive_past(speed: float, comes_out: tuple[int, int, int] = RED, every: int = 1) -> list[int]:
    """The numbers that the car has had, frame by frame; 0 where it is not shown.

    A red car drives behind a truck with `speed` pixels a second. Behind it, it may be replaced.
    """
    tracker = ObjectTracker(
        ClassList(("car", "truck")),
        open_visual_tracker(VisualTrackerSettings()),
        AssociationSettings(),
        LifecycleSettings(),
        unsure_below=0.8,
    )
    scene = textured_scene((560, 240), seed=1)
    truck = painted((160, 120), (200, 200, 200), seed=2)
    before, after = painted(CAR, RED, seed=3), painted(CAR, comes_out, seed=3)
    numbers = []
    for index in range(int(420 / speed * FPS)):
        left = round(20 + speed * index / FPS)
        car = (left, 120, left + CAR[0], 120 + CAR[1])
        image = scene.copy()
        put(image, after if left > 250 else before, car)
        put(image, truck, TRUCK)
        frame = Frame.of_image(image, index, index / FPS)
        tracks = tracker.predict(frame)
        if index % every == 0:
            tracks = tracker.correct(frame, Observation(seen(car), index))
        shown = tracks.confirmed
        is_car = np.abs(shown.xyxy[:, 0] - left) + np.abs(shown.xyxy[:, 2] - car[2]) < CAR[0] / 2
        numbers += [*shown.track_id[is_car].tolist(), 0][:1]
    return numbers


def put(image: Image, patch: Image, where: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = where
    image[top:bottom, left:right] = patch


def seen(car: tuple[int, int, int, int]) -> Detections:
    boxes: Boxes = np.array([TRUCK, car], np.float32)
    hidden = coverage(boxes[1:], boxes[:1])[0, 0]
    count = 1 if hidden > 1 - VISIBLE else 2
    return Detections.of(boxes[:count], np.full(count, 0.8), [1, 0][:count])


def before_and_after(numbers: list[int]) -> tuple[int, int]:
    """The numbers that were shown last before the truck hid the car, and first when it came out."""
    halfway = numbers[len(numbers) // 3 :].index(0) + len(numbers) // 3
    return numbers[halfway - 1], next(number for number in numbers[halfway:] if number)


# Behind the truck for 1.5, 3 and 4 s.
@pytest.mark.parametrize(("speed", "every"), [(110, 1), (60, 1), (40, 1), (110, 5), (60, 5)])
def test_a_car_that_passes_behind_a_truck_keeps_its_number(speed: float, every: int) -> None:
    before, after = before_and_after(drive_past(speed, every=every))
    assert before == after > 0


@pytest.mark.parametrize(("speed", "every"), [(110, 1), (60, 5)])
def test_another_car_that_comes_out_behind_the_truck_is_a_new_one(speed: float, every: int) -> None:
    before, after = before_and_after(drive_past(speed, comes_out=BLUE, every=every))
    assert after > before > 0
