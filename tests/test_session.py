from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from acme_tracker.config import (
    AssociationSettings,
    LifecycleSettings,
    RedetectionSettings,
    TrackSettings,
)
from acme_tracker.datatypes import ClassList, Detections, EventKind, Look, LookReason
from acme_tracker.frames import Frame, Image
from acme_tracker.session import AtOnce, TrackingSession, observe
from acme_tracker.tracking.redetection import RedetectionPolicy
from acme_tracker.tracking.tracker import ObjectTracker
from tests.fakes import ScriptedDetector, ScriptedFollower, moving_patches, textured_scene

CAR = Detections.of([(40, 40, 90, 80)], [0.9], [0])
NOTHING = Detections.empty()


def session_with(
    detector: ScriptedDetector, **redetection: float
) -> tuple[TrackingSession, ScriptedFollower]:
    follower = ScriptedFollower()
    tracker = ObjectTracker(
        detector.classes, follower, AssociationSettings(), LifecycleSettings(), unsure_below=0.5
    )
    policy = RedetectionPolicy(RedetectionSettings.model_validate(redetection))
    return TrackingSession(detector, tracker, policy), follower


def frames(count: int, scene: Image | None = None) -> list[Frame]:
    picture = textured_scene() if scene is None else scene
    return [Frame.of_image(picture, i, i / 10) for i in range(count)]


def test_a_low_confidence_is_corrected_on_the_same_frame() -> None:
    moved = Detections.of([(46, 40, 96, 80)], [0.9], [0])
    session, follower = session_with(ScriptedDetector([CAR, moved]), max_gap_s=9)
    first, second, third = frames(3)
    session.step(first)
    follower.quality = 0.2
    result = session.step(second)
    assert result.look == Look(LookReason.LOW_CONFIDENCE)
    assert result.tracks.xyxy[0].tolist() == pytest.approx([46, 40, 96, 80], abs=0.5)
    assert result.tracks.observed.tolist() == [True]
    follower.quality = 0.9
    assert session.step(third).look is None


def test_between_looks_the_detector_rests_and_the_tracks_stay() -> None:
    detector = ScriptedDetector([CAR])
    session, _ = session_with(detector, max_gap_s=9)
    results = [session.step(frame) for frame in frames(10)]
    assert detector.calls == 1
    assert [r.tracks.confirmed.track_id.tolist() for r in results] == [[1]] * 10
    assert [r.observation is not None for r in results] == [True, *[False] * 9]


@pytest.mark.parametrize(("max_gap_s", "followed"), [(0.0, 11), (0.08, 6)])
def test_settings_say_how_seldom_objects_are_followed(max_gap_s: float, followed: int) -> None:
    moving, truth = moving_patches([(40, 40)], (2, 0), 12)
    car = Detections.of(truth[0], [0.9], [0])
    settings = TrackSettings.load(overrides={"visual_tracker.max_gap_s": max_gap_s})
    session = TrackingSession.from_settings(settings, ScriptedDetector([car]))
    session.policy = RedetectionPolicy(RedetectionSettings(every_frames=99))
    quality = [session.step(frame).tracks.quality[0] for frame in moving]
    changes = [before != now for before, now in pairwise(quality) if not np.isnan(now)]
    assert sum(changes) == pytest.approx(followed, abs=1)


def test_a_scene_cut_hides_every_track_and_looks_at_once() -> None:
    elsewhere = Detections.of([(240, 150, 290, 190)], [0.9], [0])
    session, _ = session_with(ScriptedDetector([CAR, elsewhere]), max_gap_s=9)
    session.step(Frame.of_image(textured_scene(seed=1), 0, 0))
    result = session.step(Frame.of_image(textured_scene(seed=2), 1, 0.1))
    assert result.look == Look(LookReason.SCENE_CUT)
    assert result.tracks.confirmed.track_id.tolist() == [2]


@pytest.mark.parametrize("time_s", [0.0, 0.1])
def test_after_a_cut_another_car_in_the_same_place_is_new_at_whatever_time(time_s: float) -> None:
    session, _ = session_with(ScriptedDetector([CAR]))
    session.step(Frame.of_image(textured_scene(seed=1), 0, 0))
    result = session.step(Frame.of_image(textured_scene(seed=2), 1, time_s))
    assert result.tracks.confirmed.track_id.tolist() == [2]


def test_one_broken_picture_costs_no_identity() -> None:
    session, _ = session_with(ScriptedDetector([CAR, NOTHING, CAR]), max_gap_s=9)
    road, noise = textured_scene(seed=1), textured_scene(seed=2)
    shown = [
        session.step(Frame.of_image(picture, index, index / 10)).tracks.confirmed.track_id.tolist()
        for index, picture in enumerate((road, noise, road))
    ]
    assert shown == [[1], [], [1]]


def test_a_camera_covered_for_a_moment_costs_no_identity_and_no_time() -> None:
    session, _ = session_with(ScriptedDetector([CAR, NOTHING, CAR]), max_gap_s=9)
    road = textured_scene(seed=1)
    results = [
        session.step(Frame.of_image(picture, index, index / 10))
        for index, picture in enumerate((road, 0 * road, 0 * road, road))
    ]
    assert [r.tracks.confirmed.track_id.tolist() for r in results] == [[1], [], [], [1]]
    assert results[3].look == Look(LookReason.SCENE_CUT)


def test_movement_is_watched_on_frames_at_which_the_detector_is_busy() -> None:
    class Busy(AtOnce):
        def is_free(self, frame: Frame) -> bool:
            return frame.index in (0, 4)

    detector = ScriptedDetector([NOTHING])
    session, _ = session_with(detector, idle_gap_s=0.1, max_gap_s=9, still_gap_s=9)
    session.observer = Busy(detector)
    empty, there = textured_scene(seed=1), textured_scene(seed=1)
    there[40:80, 40:80] ^= 255
    pictures = (empty, empty, there, there, there)
    looked = [
        session.step(Frame.of_image(picture, index, index / 10)).look is not None
        for index, picture in enumerate(pictures)
    ]
    assert looked == [True, False, False, False, False]


def test_finishing_ends_the_tracks_that_are_left() -> None:
    session, _ = session_with(ScriptedDetector([CAR]))
    for frame in frames(3):
        session.step(frame)
    (ended,) = session.finish()
    assert (ended.kind, ended.life.last_frame) == (EventKind.ENDED, 2)
    assert session.finish() == ()


def test_every_stage_of_a_frame_is_timed() -> None:
    session, _ = session_with(ScriptedDetector([CAR]), max_gap_s=9)
    looked, rested = (session.step(frame) for frame in frames(2))
    assert set(looked.timings_ms) == {"watch", "follow", "detect", "associate"}
    assert set(rested.timings_ms) == {"watch", "follow", "detect"}


def test_regions_are_detected_in_one_batch_and_moved_to_the_frame() -> None:
    asked: list[list[tuple[int, ...]]] = []

    class Regional:
        classes = ClassList(("car",))

        def detect(self, images: list[Image]) -> list[Detections]:
            asked.append([image.shape for image in images])
            return [Detections.of([(1, 2, 11, 12)], [0.5], [0]) for _ in images]

    look = Look(
        LookReason.LOW_CONFIDENCE, np.array([[10, 20, 60, 70], [100, 0, 180, 40]], np.float32)
    )
    seen = observe(Regional(), frames(1)[0], look)  # type: ignore[arg-type]
    assert asked == [[(50, 50, 3), (40, 80, 3)]]
    assert seen.detections.xyxy.tolist() == [[11, 22, 21, 32], [101, 2, 111, 12]]
    assert seen.regions is look.regions


class Watching(ScriptedDetector):
    """A detector with a background model: it must see every frame."""

    def __init__(self) -> None:
        super().__init__([NOTHING])
        self.watched: list[int] = []
        self.forgot = 0

    def watch(self, frame: Frame) -> None:
        self.watched.append(frame.index)

    def forget(self) -> None:
        self.forgot += 1


def test_a_detector_that_watches_sees_every_frame_and_forgets_at_a_cut() -> None:
    detector = Watching()
    session, _ = session_with(detector, idle_gap_s=9)
    pictures = [textured_scene(seed=s) for s in (1, 1, 1, 2)]
    for index, picture in enumerate(pictures):
        session.step(Frame.of_image(picture, index, index / 10))
    assert detector.watched == [0, 1, 2, 3]
    assert detector.forgot == 1


@pytest.mark.parametrize("name", ["flow", "dlib", "kalman"])
def test_the_real_parts_together_keep_two_patches_apart(name: str) -> None:
    from acme_tracker.config import TrackSettings

    pictures, truth = moving_patches([(20, 40), (220, 160)], (2, 0.5), 24)
    answers = [Detections.of(boxes, [0.9, 0.9], [0, 0]) for boxes in truth]

    class Truthful(ScriptedDetector):
        def detect(self, images: object) -> list[Detections]:
            return [answers[self.index]]

        index = 0

    detector = Truthful(answers)
    settings = TrackSettings.load(
        None, {"visual_tracker.name": name, "redetection.every_frames": 8}
    )
    session = TrackingSession.from_settings(settings, detector)
    for frame, boxes in zip(pictures, truth, strict=True):
        detector.index = frame.index
        tracks = session.step(frame).tracks.confirmed
        assert tracks.track_id.tolist() == [1, 2]
        if frame.index > 8:  # two looks: velocities are known
            assert np.abs(tracks.xyxy - boxes).max() < 6
