"""Background subtraction, told frame by frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from acme_tracker import boxes
from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import Boxes
from acme_tracker.detection.background import MotionDetector, open_motion
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Frame, Image
from acme_tracker.interfaces import FrameWatcher
from tests.fakes import moving_patches, textured_scene

SIZE = (320, 240)
FRAMES = 40


@pytest.fixture(scope="module")
def clip() -> tuple[list[Frame], Boxes]:
    """Two patches that glide over a textured scene, and their truth (T, 2, 4)."""
    return moving_patches([(10, 30), (60, 150)], (5, 1), FRAMES)


def video_range(frame: Frame, time_s: float | None = None) -> Frame:
    """The same frame as a decoder gives it: luma between 16 and 235."""
    luma = np.asarray(16 + frame.luma * (219 / 255), np.uint8)
    time_s = frame.time_s if time_s is None else time_s
    return Frame("fake", frame.index, time_s, frame.size, lambda: frame.image, lambda: luma)


def watching(frames: Iterable[Frame]) -> MotionDetector:
    detector = open_motion(DetectorSettings())
    for frame in frames:
        detector.watch(frame)
    return detector


def still(count: int, image: Image | None = None, first: int = 0) -> list[Frame]:
    image = textured_scene(SIZE) if image is None else image
    return [Frame.of_image(image, i, i / 25) for i in range(first, first + count)]


def found_in(detector: MotionDetector, image: Image) -> Boxes:
    return detector.detect([image])[0].xyxy


def with_patch(scene: Image, left: int, top: int) -> Image:
    image = scene.copy()
    image[top : top + 40, left : left + 50] = 255 - image[top : top + 40, left : left + 50]
    return image


def test_it_is_a_frame_watcher() -> None:
    assert isinstance(open_motion(DetectorSettings()), FrameWatcher)


def test_each_moving_thing_has_one_box_that_fits(clip: tuple[list[Frame], Boxes]) -> None:
    frames, truth = clip
    detector = watching(map(video_range, frames[:25]))
    found = detector.detect([frames[24].image])[0]
    overlap = boxes.iou(truth[24], found.xyxy)
    assert overlap.shape == (2, 2)
    assert (overlap.max(axis=1) > 0.7).all()
    assert ((found.score > 0.6) & (found.score <= 1)).all()


def test_a_still_scene_has_none_even_with_noise() -> None:
    rng, scene = np.random.default_rng(0), textured_scene(SIZE)
    noisy = [
        np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8) for _ in range(30)
    ]
    detector = watching(Frame.of_image(image, i, i / 25) for i, image in enumerate(noisy))
    assert len(found_in(detector, noisy[-1])) == 0


def test_the_first_frames_give_nothing(clip: tuple[list[Frame], Boxes]) -> None:
    detector = open_motion(DetectorSettings())
    for frame in clip[0][:10]:
        detector.watch(frame)
        assert len(found_in(detector, frame.image)) == 0


def test_a_region_cut_from_the_watched_frame_shows_its_part(
    clip: tuple[list[Frame], Boxes],
) -> None:
    frames, truth = clip
    detector = watching(map(video_range, frames[:25]))
    left, top, right, bottom = truth[24, 0].astype(int) + np.array([-20, -15, 20, 15])
    found = found_in(detector, frames[24].image[top:bottom, left:right])
    assert boxes.iou(truth[24, :1] - np.array([left, top] * 2, np.float32), found).max() > 0.7
    assert len(found) == 1


@pytest.mark.parametrize("decoded", [False, True], ids=["full-range", "video-range"])
def test_another_picture_of_the_scene_is_compared_with_the_background(
    decoded: bool, clip: tuple[list[Frame], Boxes]
) -> None:
    scene = textured_scene(SIZE)
    frames = [video_range(frame) if decoded else frame for frame in still(20, scene)]
    found = found_in(watching(frames), with_patch(scene, 100, 80))
    assert len(found) == 1
    assert boxes.iou(found, np.array([[100, 80, 150, 120]], np.float32))[0, 0] > 0.8


def test_looking_teaches_nothing() -> None:
    scene = textured_scene(SIZE)
    detector, other = watching(still(20, scene)), with_patch(scene, 100, 80)
    first = found_in(detector, other)
    for _ in range(60):
        again = found_in(detector, other)
    assert again.tolist() == first.tolist() != []


def test_unwatched_it_learns_from_the_pictures_it_is_given(
    clip: tuple[list[Frame], Boxes],
) -> None:
    frames, truth = clip
    detector = open_motion(DetectorSettings())
    found = [detector.detect([frame.image])[0].xyxy for frame in frames[:25]][-1]
    assert (boxes.iou(truth[24], found).max(axis=1) > 0.7).all()


def test_a_jump_of_the_light_gives_no_box_and_is_learnt() -> None:
    scene = textured_scene(SIZE)
    brighter = np.asarray(scene // 2 + 120, np.uint8)
    detector = watching(still(20, scene))
    for frame in still(12, brighter, first=20):
        detector.watch(frame)
        assert len(found_in(detector, frame.image)) == 0
    after = Frame.of_image(with_patch(brighter, 100, 80), 32, 32 / 25)
    detector.watch(after)
    assert len(found_in(detector, after.image)) == 1


def test_specks_are_not_objects() -> None:
    scene = textured_scene(SIZE)
    specks = scene.copy()
    for left, top in ((30, 40), (200, 60), (120, 180)):
        specks[top : top + 3, left : left + 4] = 255 - specks[top : top + 3, left : left + 4]
    detector = watching([*still(20, scene), *still(1, specks, first=20)])
    assert len(found_in(detector, specks)) == 0


def test_what_stops_is_found_for_seconds_and_then_becomes_background() -> None:
    scene = textured_scene(SIZE)
    parked = with_patch(scene, 100, 80)
    detector = watching(Frame.of_image(scene, i, i / 5) for i in range(300))
    seen = []
    for i in range(300, 600):
        detector.watch(Frame.of_image(parked, i, i / 5))
        seen.append(len(found_in(detector, parked)))
    assert seen[:25] == [1] * 25  # 5 s
    assert seen[-1] == 0


def test_a_camera_that_changes_its_size_starts_anew() -> None:
    detector = watching(still(20))
    bigger = textured_scene((400, 300))
    for frame in still(20, bigger):
        detector.watch(frame)
        assert len(found_in(detector, frame.image)) == 0
    after = with_patch(bigger, 300, 200)
    detector.watch(Frame.of_image(after, 20, 1))
    assert len(found_in(detector, after)) == 1


def test_forgetting_starts_anew(clip: tuple[list[Frame], Boxes]) -> None:
    detector = watching(clip[0][:25])
    detector.forget()
    detector.watch(clip[0][25])
    assert len(found_in(detector, clip[0][25].image)) == 0


def test_other_users_of_opencvs_generator_change_nothing(
    clip: tuple[list[Frame], Boxes],
) -> None:
    import cv2

    def run(seed: int) -> bytes:
        detector, found = open_motion(DetectorSettings()), b""
        for frame in clip[0]:
            cv2.setRNGSeed(seed)
            detector.watch(frame)
            found += found_in(detector, frame.image).tobytes()
        return found

    assert run(1) == run(2)


def test_big_pictures_give_boxes_in_their_own_pixels() -> None:
    scene = textured_scene((1280, 960))
    patched = scene.copy()
    patched[400:560, 600:840] = 255 - patched[400:560, 600:840]
    detector = watching([*still(15, scene), *still(1, patched, first=15)])
    found = found_in(detector, patched)
    assert boxes.iou(found, np.array([[600, 400, 840, 560]], np.float32)).max() > 0.8


def test_weights_are_refused() -> None:
    from pathlib import Path

    with pytest.raises(ConfigError, match="motion takes no weights"):
        open_motion(DetectorSettings(weights=Path("a.pth")))
