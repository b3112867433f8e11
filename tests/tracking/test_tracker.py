"""Stories of tracks, told frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_tracker.config import AssociationSettings, LifecycleSettings
from acme_tracker.datatypes import (
    ClassList,
    Detections,
    EventKind,
    Frame,
    Observation,
    TrackEvent,
    Tracks,
    TrackState,
)
from acme_tracker.tracking.tracker import ObjectTracker
from tests.fakes import ScriptedFollower

CLASSES = ClassList(("person", "car", "truck"))
CAR, TRUCK = 1, 2
FPS = 10
BLANK = np.zeros((480, 640, 3), np.uint8)

Box = tuple[float, float, float, float]


class Story:
    """Feeds a tracker one frame after the other."""

    def __init__(self, **lifecycle: float) -> None:
        self.follower = ScriptedFollower()
        wanted = LifecycleSettings.model_validate({"confirm_score": 0.6, **lifecycle})
        self.tracker = ObjectTracker(
            CLASSES, self.follower, AssociationSettings(), wanted, unsure_below=0.5
        )
        self.index = -1
        self.events: list[TrackEvent] = []

    def unseen(self) -> Tracks:
        """A frame that the detector does not look at."""
        self.index += 1
        self.frame = Frame.of_image(BLANK, self.index, self.index / FPS)
        tracks = self.tracker.predict(self.frame)
        self.events += self.tracker.take_events()
        return tracks

    def seen(
        self,
        *boxes: Box,
        score: float = 0.9,
        class_id: int = CAR,
        regions: tuple[Box, ...] | None = None,
    ) -> Tracks:
        """A frame on which the detector finds these boxes."""
        self.index += 1
        self.frame = Frame.of_image(BLANK, self.index, self.index / FPS)
        self.tracker.predict(self.frame)
        count = len(boxes)
        found = Detections.of(boxes, np.full(count, score), np.full(count, class_id))
        where = None if regions is None else np.array(regions, np.float32)
        tracks = self.tracker.correct(self.frame, Observation(found, self.index, where))
        self.events += self.tracker.take_events()
        return tracks

    def kinds(self) -> list[tuple[str, int, int]]:
        return [(str(e.kind), e.life.track_id, e.frame_index) for e in self.events]


def car(x: float, y: float = 100, size: float = 60) -> Box:
    return (x, y, x + size, y + size)


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


def test_a_missed_car_coasts_while_the_follower_is_sure_and_is_hidden_when_not() -> None:
    story = Story(coast_s=0.15)
    story.seen(car(0))
    assert story.seen().confirmed.track_id.tolist() == [1]
    assert story.seen().confirmed.track_id.tolist() == [1]
    assert story.seen().confirmed.track_id.tolist() == []  # 0.2 s after the first miss
    unsure = Story()
    unsure.seen(car(0))
    unsure.follower.quality = 0.2
    assert unsure.seen().confirmed.track_id.tolist() == []


def test_only_a_look_misses() -> None:
    story = Story(coast_s=0.15)
    story.seen(car(0))
    for _ in range(9):
        story.unseen()
    assert story.seen().confirmed.track_id.tolist() == [1]


def test_a_track_that_was_never_detected_well_does_not_coast() -> None:
    story = Story()
    for _ in range(2):
        story.seen(car(0), score=0.4)
    assert story.seen().confirmed.track_id.tolist() == []
    assert story.seen(car(0), score=0.4).confirmed.track_id.tolist() == [1]


def test_a_missed_car_behind_a_nearer_one_is_hidden_at_once_and_keeps_its_number() -> None:
    story = Story()
    truck = (90.0, 90.0, 210.0, 210.0)
    story.seen(car(0), truck)
    for step in range(1, 5):
        story.seen(car(20 * step), truck)
    for _ in range(5):
        assert story.seen(truck).confirmed.track_id.tolist() == [2]
    tracks = story.seen(car(200), truck)
    assert sorted(tracks.confirmed.track_id.tolist()) == [1, 2]


def test_a_car_behind_a_nearer_one_goes_on_by_its_motion_not_with_what_hides_it() -> None:
    story = Story()
    truck = (110.0, 90.0, 230.0, 210.0)
    for step in range(6):
        story.seen(car(10 * step), truck)
    story.follower.boxes[1] = np.array((130, 100, 190, 160), np.float32)  # jumped to the truck
    story.follower.quality = 0.2
    tracks = story.unseen()
    assert tracks.xyxy[0, 0] == pytest.approx(60, abs=3)
    assert tracks.confidence[0] == 1  # it asks for no look: there is nothing to see


def test_a_second_box_on_a_tracked_object_begins_no_track() -> None:
    story = Story()
    story.seen(car(0))
    assert story.seen(car(0), (2, 105, 62, 165)).track_id.tolist() == [1]


def test_a_lost_track_does_not_take_the_detection_of_one_that_is_there() -> None:
    story = Story(coast_s=0)
    story.seen(car(0), car(70))
    for _ in range(5):
        story.seen(car(70))
    tracks = story.seen(car(60))
    assert tracks.confirmed.track_id.tolist() == [2]


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


def test_a_lost_car_found_again_in_time_keeps_its_number() -> None:
    story = Story(coast_s=0, lost_s=1.0)
    for step in range(5):
        story.seen(car(20 * step))
    for _ in range(5):
        assert len(story.seen().confirmed) == 0
    assert story.seen(car(200)).confirmed.track_id.tolist() == [1]


@pytest.mark.parametrize(("unseen", "number"), [(18, 1), (30, 2)])
def test_the_longer_a_car_is_lost_the_nearer_its_place_it_must_be_found(
    unseen: int, number: int
) -> None:
    story = Story(coast_s=0)
    for _ in range(5):
        story.seen(car(100))
    for _ in range(unseen):
        story.seen()
    assert story.seen(car(170)).confirmed.track_id.tolist() == [number]


def test_a_car_lost_for_seconds_is_found_again_where_it_stood() -> None:
    story = Story(coast_s=0)
    for _ in range(5):
        story.seen(car(100))
    for _ in range(40):
        story.seen()
    assert story.seen(car(120)).confirmed.track_id.tolist() == [1]


def test_a_car_lost_for_too_long_ends_and_another_in_its_place_is_new() -> None:
    story = Story(coast_s=0, lost_s=0.5)
    story.seen(car(0))
    for _ in range(7):
        story.seen()
    assert story.seen(car(0)).track_id.tolist() == [2]
    assert ("ended", 1, 6) in story.kinds()


def test_lost_tracks_cost_the_follower_nothing() -> None:
    story = Story(coast_s=0)
    story.seen(car(0))
    story.seen()
    assert story.follower.boxes == {}
    story.seen(car(0))
    assert [call for call, ids in story.follower.calls if ids] == ["start", "stop", "start"]


def test_a_track_outside_the_regions_that_were_searched_was_not_missed() -> None:
    story = Story(coast_s=0)
    story.seen(car(0), car(400))
    tracks = story.seen(regions=((350, 50, 500, 250),))
    assert tracks.confirmed.track_id.tolist() == [1]


def test_a_car_that_leaves_the_picture_ends() -> None:
    story = Story(coast_s=9, lost_s=0.3)
    for step in range(8):
        story.seen(car(420 + 20 * step))
    story.follower.gives_up = True
    for _ in range(10):
        story.unseen()
    assert story.kinds()[-1][:2] == ("ended", 1)


def test_boxes_are_cut_to_the_picture() -> None:
    story = Story()
    story.seen((600, 440, 640, 480))
    story.follower.boxes[1] = np.array([610, 450, 660, 500], np.float32)
    assert story.unseen().xyxy[0].tolist() == pytest.approx([610, 450, 640, 480], abs=0.5)


def test_a_box_as_large_as_the_picture_is_no_road_user() -> None:
    assert len(Story().seen((0, 0, 640, 470))) == 0


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
