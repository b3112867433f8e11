"""On which frames objects are followed, and what becomes of them on the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from acme_tracker.config import AssociationSettings, LifecycleSettings
from acme_tracker.datatypes import Boxes, ClassList, Detections, Followed, Observation
from acme_tracker.frames import Frame
from acme_tracker.tracking.pace import Pace
from acme_tracker.tracking.tracker import ObjectTracker
from acme_tracker.tracking.visual.batched import BatchedEngine
from acme_tracker.tracking.visual.targets import EngineTracker
from tests.fakes import moving_patches

NEAR, FAR = [0.01] * 4, [0.2] * 4


def followed_on(pace: Pace, rate: float, off: Sequence[float] = NEAR, frames: int = 12) -> str:
    """One letter a frame: F where objects are followed and found so far off."""
    letters = ""
    for number in range(frames):
        due = pace.is_due(1 / rate if number else 0)
        letters += "F" if due else "."
        if due:
            pace.follow()
            pace.note(np.asarray(off, np.float32))
    return letters


@pytest.mark.parametrize(
    ("rate", "letters"),
    [(10, "FFFFFFFFFFFF"), (15, "FFFFFFFFFFFF"), (25, "F.F.F.F.F.F."), (60, "F...F...F...")],
)
def test_steady_objects_are_followed_as_seldom_as_the_gap_allows(rate: float, letters: str) -> None:
    assert followed_on(Pace(0.08), rate) == letters


def test_no_gap_means_every_frame() -> None:
    assert followed_on(Pace(0), rate=1000) == "F" * 12


def test_who_is_elsewhere_than_expected_is_followed_on_every_frame() -> None:
    assert followed_on(Pace(0.08), 25, FAR) == "F" * 12


def test_one_object_of_many_that_turns_keeps_nobody_else_busy() -> None:
    assert "." in followed_on(Pace(0.08), 25, [0.01] * 7 + [0.5])
    assert "." not in followed_on(Pace(0.08), 25, [0.01] * 5 + [0.5] * 3)


def test_nothing_to_follow_is_no_reason_to_follow_oftener() -> None:
    assert followed_on(Pace(0.08), 25, []) == "F.F.F.F.F.F."


def test_after_a_look_the_next_frame_is_followed() -> None:
    pace = Pace(0.08)
    assert followed_on(pace, 25, frames=3) == "F.F"
    pace.look()
    assert pace.is_due(1 / 25)


def test_the_time_since_objects_were_followed_adds_up() -> None:
    pace = Pace(0.08)
    pace.note(np.array(NEAR, np.float32))
    assert not pace.is_due(0.03)
    assert pace.is_due(0.04)
    assert pace.follow() == pytest.approx(0.07)
    assert pace.follow() == 0


class Counted(EngineTracker):
    """Correlation filters that keep the numbers of the frames that they were asked about."""

    def __init__(self) -> None:
        super().__init__(BatchedEngine())
        self.frames: list[int] = []

    def update(self, frame: Frame) -> Followed:
        self.frames.append(frame.index)
        return super().update(frame)


def track(
    frames: Sequence[Frame], truth: Boxes, looks: Sequence[int], gap_s: float = 0.08
) -> tuple[Boxes, list[int]]:
    """Boxes by frame (T, N, 4), and the frames that were followed on."""
    visual = Counted()
    tracker = ObjectTracker(
        ClassList(("car",)), visual, AssociationSettings(), LifecycleSettings(), 0.5, gap_s
    )
    boxes = []
    for frame in frames:
        tracks = tracker.predict(frame)
        if frame.index in looks:
            count = len(truth[frame.index])
            seen = Detections.of(truth[frame.index], np.full(count, 0.9), np.zeros(count))
            tracks = tracker.correct(frame, Observation(seen, frame.index))
        boxes.append(tracks.confirmed.xyxy)
    return np.array(boxes), visual.frames


def test_boxes_go_on_between_the_frames_that_they_are_followed_on() -> None:
    frames, truth = moving_patches([(20, 30), (40, 150)], (3.2, 0.8), 40)
    boxes, followed = track(frames, truth, looks=[0])
    assert len(followed) < 0.65 * len(frames)
    carried = sorted(set(range(40)) - set(followed))
    assert len(carried) > 10
    assert np.abs(boxes[carried] - truth[carried]).max() < 1.5
    every, all_followed = track(frames, truth, looks=[0], gap_s=0)
    assert all_followed == list(range(40))
    assert np.abs(boxes - truth).mean() < np.abs(every - truth).mean() + 0.3


def test_a_camera_that_shakes_has_its_objects_followed_on_every_frame() -> None:
    frames, truth = moving_patches([(60, 30), (80, 150)], (1.0, 0.0), 40)
    rng = np.random.default_rng(3)
    shifts = rng.integers(-5, 6, (40, 2))
    shaken = [
        Frame.of_image(np.roll(frame.image, shift[::-1], (0, 1)), frame.index, frame.time_s)
        for frame, shift in zip(frames, shifts, strict=True)
    ]
    boxes, followed = track(shaken, truth + np.tile(shifts, 2)[:, None], looks=[0])
    assert len(followed) > 0.9 * len(frames)
    assert np.abs(boxes - truth - np.tile(shifts, 2)[:, None]).mean() < 1.5


def test_a_frame_with_a_look_is_always_followed_first() -> None:
    frames, truth = moving_patches([(20, 30)], (3.2, 0.8), 40)
    looks = [0, 11, 20, 29, 36]
    _, followed = track(frames, truth, looks)
    assert set(looks) <= set(followed)
    assert {look + 1 for look in looks} <= set(followed)
    assert sorted(set(followed)) == followed  # nobody is asked twice about a frame
