"""Stories of tracks, told frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_tracker.datatypes import Detections, EventKind, Observation, TrackState
from acme_tracker.frames import Frame
from tests.tracking.stories import BLANK, CAR, FPS, TRUCK, Story, car


def test_a_sure_detection_is_known_at_once_and_numbered_from_one() -> None:
    tracks = Story().seen(car(0), car(300))
    assert tracks.track_id.tolist() == [1, 2]
    assert (tracks.state == TrackState.CONFIRMED).all()


def test_a_doubtful_detection_is_known_when_it_comes_again() -> None:
    story = Story()
    assert story.seen(car(0), score=0.4).confirmed.track_id.tolist() == []
    assert story.seen(car(2), score=0.4).confirmed.track_id.tolist() == [1]


def test_a_flash_gets_no_number_and_leaves_no_gap_in_the_numbers() -> None:
    story = Story()
    story.seen(car(0), score=0.4)
    assert len(story.seen()) == 0
    assert story.seen(car(300)).track_id.tolist() == [1]
    assert story.kinds() == [("confirmed", 1, 2)]


def test_a_weak_detection_continues_a_track_but_begins_none() -> None:
    story = Story()
    story.seen(car(0))
    tracks = story.seen(car(2), car(300), score=0.2)
    assert tracks.track_id.tolist() == [1]
    assert tracks.observed.tolist() == [True]


def test_a_moving_car_keeps_its_number_and_its_velocity_is_in_pixels_a_second() -> None:
    story = Story()
    for step in range(12):
        tracks = story.seen(car(20 * step))
    assert tracks.track_id.tolist() == [1]
    assert tracks.velocity[0] == pytest.approx((200, 0), abs=10)


def test_two_cars_that_pass_each_other_do_not_swap() -> None:
    story = Story()
    for step in range(16):
        tracks = story.seen(car(30 * step, 100), car(480 - 30 * step, 130))
    places = dict(zip(tracks.track_id.tolist(), tracks.xyxy[:, 0].tolist(), strict=True))
    assert places == pytest.approx({1: 450, 2: 30}, abs=1)


def test_a_second_box_on_a_tracked_object_begins_no_track() -> None:
    story = Story()
    story.seen(car(0))
    assert story.seen(car(0), (2, 105, 62, 165)).track_id.tolist() == [1]


def test_a_trembling_detector_gives_a_steady_box() -> None:
    rng = np.random.default_rng(0)
    story = Story()
    places = [
        story.seen(car(100 + x, 100 + y)).xyxy[0] for x, y in rng.normal(0, 2, (40, 2)).tolist()
    ]
    assert np.std(places[10:], axis=0).max() < 1.4


def test_how_unsure_a_box_is_falls_with_detections_and_grows_without() -> None:
    story = Story()
    tracks = [story.seen(car(100)), story.seen(car(100)), story.unseen(), story.unseen()]
    first, second, third, fourth = np.array([t.variance for t in tracks])
    assert (second < first).all()
    assert (second < third).all()
    assert (third < fourth).all()


def test_a_low_confidence_stays_low_until_a_detection() -> None:
    # A correlation filter that lost its object learns the background: its quality climbs back.
    story = Story()
    story.seen(car(0))
    readings = []
    for quality in (0.9, 0.3, 0.8):
        story.follower.quality = quality
        readings.append(float(story.unseen().confidence[0]))
    assert readings == pytest.approx([0.9, 0.3, 0.3])
    assert story.seen(car(0)).confidence.tolist() == [1]
    assert story.unseen().confidence.tolist() == pytest.approx([0.8])


def test_a_follower_that_gives_up_is_not_believed() -> None:
    story = Story()
    for step in range(4):
        story.seen(car(40 * step))
    story.follower.gives_up = True
    tracks = story.unseen()
    assert tracks.confidence.tolist() == [0]
    assert tracks.xyxy[0, 0] > 140  # where it was going, not where it was last seen


def test_boxes_are_cut_to_the_picture() -> None:
    story = Story()
    story.seen((600, 440, 640, 480))
    story.follower.boxes[1] = np.array([610, 450, 660, 500], np.float32)
    assert story.unseen().xyxy[0].tolist() == pytest.approx([610, 450, 640, 480], abs=0.5)


def test_a_box_as_large_as_the_picture_is_no_road_user() -> None:
    assert len(Story().seen((0, 0, 640, 470))) == 0


IMPOSSIBLE = {
    "outside": (700, 100, 760, 160),
    "beside the border": (-60, 100, 0, 160),
    "inverted": (160, 160, 100, 100),
    "without width": (100, 100, 100, 160),
    "not a number": (np.nan, 100, 160, 160),
}


@pytest.mark.parametrize("box", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_detection_that_shows_nothing_of_the_picture_is_none(
    box: tuple[float, float, float, float],
) -> None:
    story = Story()
    assert len(story.seen(box)) == 0
    assert story.seen(box, car(100)).track_id.tolist() == [1]


def test_what_a_detection_shows_of_the_picture_is_what_counts() -> None:
    tracks = Story().seen((600, 400, 700, np.inf))
    assert tracks.xyxy.tolist() == [[600, 400, 640, 480]]
    assert np.isfinite(tracks.velocity).all()


def test_a_class_that_flips_for_a_frame_changes_neither_number_nor_class() -> None:
    story = Story()
    for class_id in (CAR, CAR, TRUCK, CAR, TRUCK):
        tracks = story.seen(car(0), class_id=class_id)
    assert (tracks.track_id.tolist(), tracks.class_id.tolist()) == ([1], [CAR])


def test_the_life_of_a_track_is_what_was_shown_of_it() -> None:
    story = Story(coast_s=0, lost_s=0.2)
    for step in range(6):
        story.seen(car(20 * step))
    for _ in range(4):
        story.seen()
    (ended,) = [e for e in story.events if e.kind is EventKind.ENDED]
    life = ended.life
    assert (life.first_frame, life.last_frame) == (0, 5)
    assert (life.first_time_s, life.last_time_s) == (0, 0.5)
    assert life.path_length_px == pytest.approx(100, abs=1)
    assert life.detections == 6
    assert (life.first_xyxy[0], life.last_xyxy[0]) == pytest.approx((0, 100), abs=1)


def test_the_life_of_a_track_that_leaves_ends_inside_the_picture() -> None:
    story = Story(coast_s=0, lost_s=0.2)
    shown = [story.seen(car(60 - 20 * step)).confirmed for step in range(6)]
    shown += [story.seen().confirmed for _ in range(6)]
    (ended,) = [e for e in story.events if e.kind is EventKind.ENDED]
    *_, last = [tracks for tracks in shown if len(tracks)]
    assert ended.life.last_xyxy == tuple(last.xyxy[0].tolist())
    assert ended.life.last_xyxy[0] == 0


def test_standing_still_with_a_trembling_box_is_no_way() -> None:
    story = Story()
    for step in range(50):
        story.seen(car(100 + (step % 2)))
    story.tracker.reset()
    (ended,) = story.tracker.take_events()
    assert ended.life.path_length_px == 0


def test_a_reset_ends_every_track_and_numbers_go_on() -> None:
    story = Story()
    story.seen(car(0), car(300))
    story.tracker.reset()
    assert [e.kind for e in story.tracker.take_events()] == [EventKind.ENDED] * 2
    assert story.follower.boxes == {}
    assert story.seen(car(0)).track_id.tolist() == [3]


def test_nothing_at_all_is_fine() -> None:
    story = Story()
    assert len(story.unseen()) == 0
    assert len(story.seen()) == 0
    story.tracker.reset()
    assert story.tracker.take_events() == ()


looks = st.lists(
    st.none()
    | st.lists(
        st.tuples(st.integers(-20, 620), st.integers(-20, 460), st.floats(0, 1)), max_size=5
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(looks)
def test_whatever_is_detected_numbers_have_no_gap_and_every_life_begins_and_ends(
    script: list[list[tuple[int, int, float]] | None],
) -> None:
    story = Story(lost_s=0.2, coast_s=0.1)
    shown: set[int] = set()
    for found in script:
        if found is None:
            tracks = story.unseen()
        else:
            story.index += 1
            frame = Frame.of_image(BLANK, story.index, story.index / FPS)
            story.tracker.predict(frame)
            boxes = [car(x, y) for x, y, _ in found]
            seen = Detections.of(boxes, [s for *_, s in found], [CAR] * len(found))
            tracks = story.tracker.correct(frame, Observation(seen, story.index))
            story.events += story.tracker.take_events()
        confirmed = tracks.confirmed
        assert len(set(confirmed.track_id.tolist())) == len(confirmed)
        assert np.isfinite(confirmed.xyxy).all()
        shown |= set(confirmed.track_id.tolist())
    story.tracker.reset()
    story.events += story.tracker.take_events()
    assert shown == set(range(1, len(shown) + 1))
    for kind in (EventKind.CONFIRMED, EventKind.ENDED):
        assert {e.life.track_id for e in story.events if e.kind is kind} == shown
