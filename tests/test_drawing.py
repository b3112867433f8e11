from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker.datatypes import FrameResult, LookReason, TrackState
from acme_tracker.drawing.annotator import LABELS_KEPT, Annotator, Pens, Trails
from acme_tracker.drawing.canvas import Canvas
from acme_tracker.frames import Image, SourceInfo
from tests.results.story import CLASSES, INFO, looked, result, tracks

SIZES = [(320, 240), (960, 540), (1920, 1080)]


def changed(before: Image, after: Image) -> NDArray[np.bool_]:
    """(H, W) where two pictures differ."""
    return np.asarray((before != after).any(axis=2))


def grey_result(size: tuple[int, int], *rows: dict[str, Any], **more: Any) -> FrameResult:
    from acme_tracker.frames import Frame

    image = np.full((size[1], size[0], 3), 90, np.uint8)
    return FrameResult(Frame.of_image(image, 0, 0.0), tracks(*rows), **more)


def bar_of(result: FrameResult) -> int:
    """Height of the status bar."""
    return Pens(Canvas(result.frame.image)).bar_px


def test_the_frames_own_picture_stays_as_it_is() -> None:
    shot = grey_result((320, 240), {})
    before = shot.frame.image.copy()
    drawn = Annotator(CLASSES)(shot)
    assert changed(before, drawn).any()
    assert not changed(before, shot.frame.image).any()


def test_only_confirmed_tracks_are_drawn() -> None:
    rows: list[dict[str, Any]] = [
        {"state": TrackState.LOST},
        {"state": TrackState.TENTATIVE, "track_id": 0},
    ]
    shot = grey_result((320, 240), *rows)
    drawn = Annotator(CLASSES)(shot)
    assert not changed(shot.frame.image, drawn)[bar_of(shot) :].any()


@pytest.mark.parametrize("size", SIZES)
def test_a_box_is_drawn_on_its_edges_and_leaves_its_inside_free(size: tuple[int, int]) -> None:
    width, height = size
    box = (width // 4, height // 3, width // 2, height // 2)
    shot = grey_result(size, {"xyxy": box})
    touched = changed(shot.frame.image, Annotator(CLASSES)(shot))
    left, top, right, bottom = box
    middle_x, middle_y = (left + right) // 2, (top + bottom) // 2
    assert touched[middle_y, left]
    assert touched[middle_y, right]
    assert touched[bottom, middle_x]
    assert not touched[top + 12 : bottom - 12, left + 12 : right - 12].any()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_label_lies_wholly_in_the_picture_and_below_the_status_bar(
    size: tuple[int, int], corner: tuple[int, int]
) -> None:
    width, height = size
    scene = np.zeros((height, width, 3), np.uint8)
    pens = Pens(Canvas(scene))
    x, y = corner[0] * width, corner[1] * height
    box = np.array([[x - 30, y - 30, x + 30, y + 30]], np.float32)
    text = "#1234567 motorcycle 0.87"
    label = pens._label(text, 0)
    pens._paste(Canvas(scene), box, [label])
    rows, columns = np.nonzero(scene.any(axis=2))
    assert rows.min() >= pens.bar_px
    shown = scene[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_array_equal(shown, label[0])


def test_a_label_is_drawn_once_and_not_kept_for_ever() -> None:
    pens = Pens(Canvas(np.zeros((240, 320, 3), np.uint8)))
    first = pens._label("#1 car 0.50", 1)
    assert pens._label("#1 car 0.50", 1) is first
    for number in range(LABELS_KEPT):
        pens._label(f"#{number} bus 0.50", 1)
    assert pens._label("#1 car 0.50", 1) is not first


def test_labels_larger_than_the_picture_are_cut() -> None:
    assert Annotator(CLASSES)(grey_result((40, 12), {"xyxy": (0, 0, 30, 10)})).shape == (12, 40, 3)


@pytest.mark.parametrize("size", SIZES)
def test_boxes_at_and_beyond_the_edges_do_not_raise(size: tuple[int, int]) -> None:
    width, height = size
    boxes = [
        (-50, -50, 10, 10),
        (width - 5, height - 5, width + 90, height + 90),
        (-1e6, 5, 1e6, 9),
        (7, 7, 7, 7),
    ]
    rows = [{"track_id": i + 1, "xyxy": box} for i, box in enumerate(boxes)]
    assert Annotator(CLASSES)(grey_result(size, *rows)).shape == (height, width, 3)


def test_an_observed_box_can_be_told_from_a_predicted_one() -> None:
    box = (100, 100, 200, 200)
    counts = []
    for observed in (False, True):
        shot = grey_result((320, 240), {"xyxy": box, "observed": observed})
        counts.append(int(changed(shot.frame.image, Annotator(CLASSES)(shot)).sum()))
    assert counts[1] > counts[0]


def test_a_track_keeps_its_colour_and_neighbours_differ() -> None:
    annotate = Annotator(CLASSES, trail_s=0)
    box, edge = (100, 100, 200, 200), (150, 100)
    drawn = [annotate(grey_result((320, 240), {"track_id": i, "xyxy": box})) for i in (5, 6, 5, 17)]
    colours = [tuple(picture[edge].tolist()) for picture in drawn]
    assert colours[0] == colours[2] == colours[3]  # 17 is 5 again, one palette later
    assert colours[0] != colours[1]


def test_the_confidence_is_shown_and_the_score_where_there_is_none() -> None:
    def label(**row: Any) -> Image:
        shot = grey_result((320, 240), {"xyxy": (50, 100, 200, 200), **row})
        return Annotator(CLASSES)(shot)[80:100]

    np.testing.assert_array_equal(label(score=0.25, confidence=0.5), label(score=0.5))
    assert changed(label(score=0.25, confidence=0.5), label(score=0.25)).any()


def test_a_trail_follows_the_ground_point_and_fades_after_its_seconds() -> None:
    annotate = Annotator(CLASSES, trail_s=1.0)
    spot = np.s_[198:203, 100:105]  # under the first box, outside the later ones
    seen = []
    for step in range(40):
        left = 80 + 5 * step
        shot = result(step, {"xyxy": (left, 150, left + 40, 200)})
        seen.append(bool(annotate(shot)[spot].any()))
    assert all(seen[:25])
    assert not any(seen[30:])


def test_trails_keep_no_more_than_their_seconds_whatever_comes_and_goes() -> None:
    trails = Trails(2.0)
    for step in range(3000):
        box = (step % 300, 0, step % 300 + 10, 10)
        trails.add(step / 25, tracks({"track_id": 1 + step // 10, "xyxy": box}))
        assert len(trails) <= 51
    trails.add(1e4, tracks())
    assert len(trails) == 0


def test_an_object_at_rest_adds_no_points() -> None:
    trails = Trails(1e6)
    for step in range(100):
        trails.add(step, tracks({}))
    assert len(trails) == 1


def test_the_status_says_what_happens_and_why() -> None:
    annotate = Annotator(CLASSES)
    shots = [result(0), result(1, {}, **looked(LookReason.LOW_CONFIDENCE)), result(26, {})]
    states = []
    for shot in shots:
        annotate(shot)
        states.append(annotate._state(shot, len(shot.tracks)))
    assert states == [
        "Waiting: nothing to track",
        "Detecting: low confidence",
        "Tracking: looked 1.0 s ago (low confidence)",
    ]


@pytest.mark.parametrize(("info", "clock"), [(None, []), (INFO, ["2024-05-01 08:31:01 UTC"])])
def test_the_status_says_where_in_the_video_it_is(
    info: SourceInfo | None, clock: list[str]
) -> None:
    place = Annotator(CLASSES, info=info)._place(result(1549, time_s=61.98).frame, 1)
    assert list(place) == ["1 track", "frame 1549", "01:01.9", *clock]


def test_facts_that_do_not_fit_the_status_bar_are_left_out() -> None:
    few, many = np.zeros((240, 320, 3), np.uint8), np.zeros((240, 320, 3), np.uint8)
    pens = Pens(Canvas(few))
    pens.draw_status(Canvas(few), "Waiting", "first")
    pens.draw_status(Canvas(many), "Waiting", "first", "second " * 20)
    np.testing.assert_array_equal(few, many)


def test_the_size_of_the_pictures_may_change() -> None:
    annotate = Annotator(CLASSES)
    for size in ((320, 240), (640, 360), (320, 240)):
        assert annotate(grey_result(size, {})).shape == (size[1], size[0], 3)


def test_a_yuv_picture_is_drawn_on_as_a_bgr_one_is() -> None:
    rows = [
        {"track_id": 1, "xyxy": (60, 80, 150, 161), "observed": True},
        {"track_id": 2, "xyxy": (201, 43, 290, 131)},
        {"track_id": 3, "xyxy": (-20, 190, 41, 300)},
    ]
    shot = grey_result((320, 240), *rows)
    image, drawn = Annotator(CLASSES)(shot), Annotator(CLASSES).yuv(shot)
    back = np.asarray(cv2.cvtColor(drawn.pixels, cv2.COLOR_YUV2BGR_I420), np.uint8)
    # What differs is colour, by the pixel beside: the smaller the picture, the better they agree.
    halves = [
        cv2.resize(p, (80, 60), interpolation=cv2.INTER_AREA).astype(int) for p in (image, back)
    ]
    assert np.abs(halves[0] - halves[1]).mean() < 3
    assert np.abs(halves[0] - halves[1]).max() < 80
    assert changed(image, np.full_like(image, 90)).mean() > 0.05


def test_what_is_not_drawn_on_keeps_the_decoders_numbers() -> None:
    from acme_tracker.frames import Frame
    from acme_tracker.yuv import BT709, Colours, Yuv

    noise = np.random.default_rng(0).integers(0, 256, (360, 320), np.uint8)
    colours = Colours(BT709, full_range=True)
    unused = np.zeros((240, 320, 3), np.uint8)
    frame = Frame(
        "",
        0,
        0.0,
        (320, 240),
        lambda: unused,
        lambda: noise[:240],
        lambda: Yuv(noise.copy(), colours),
    )
    drawn = Annotator(CLASSES).yuv(FrameResult(frame, tracks({"xyxy": (100, 100, 200, 200)})))
    assert drawn.colours == colours
    for before, after in zip(Yuv(noise, colours).planes, drawn.planes, strict=True):
        rows, columns = before.shape
        np.testing.assert_array_equal(after[rows // 5 : rows // 3], before[rows // 5 : rows // 3])
        inside = np.s_[rows // 2 : rows * 3 // 4, columns * 2 // 5 : columns // 2]
        np.testing.assert_array_equal(after[inside], before[inside])
        assert (after != before).any()


def test_a_trail_has_no_point_nearer_than_a_step_to_the_one_before() -> None:
    trails = Trails(1e6)
    for number in range(31):
        both = tracks(
            {"track_id": 7, "xyxy": (number, 0, number + 10, 20)},
            {"track_id": 3, "xyxy": (0, 5 * number, 10, 5 * number + 20)},
        )
        trails.add(number, both, step_px=3)
    slow, fast = trails.ways(np.array([7, 3]))
    assert slow[:, 0].tolist() == list(range(5, 36, 3))
    assert fast[:, 1].tolist() == list(range(20, 171, 5))
    assert [len(way) for way in trails.ways(np.array([5]))] == [0]
