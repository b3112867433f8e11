"""Stories of tracks that are missed, hidden, lost and found again."""

from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.datatypes import TrackState
from tests.tracking.stories import Story, car


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


def test_a_lost_track_does_not_take_the_detection_of_one_that_is_there() -> None:
    story = Story(coast_s=0)
    story.seen(car(0), car(70))
    for _ in range(5):
        story.seen(car(70))
    tracks = story.seen(car(60))
    assert tracks.confirmed.track_id.tolist() == [2]


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


def test_a_car_that_cannot_be_followed_out_of_the_picture_is_hidden_without_a_look() -> None:
    story = Story()
    for step in range(5):
        story.seen(car(500 + 20 * step))
    story.follower.quality = 0.3
    story.follower.boxes[1] = np.array([600, 100, 660, 160], np.float32)
    assert story.unseen().state.tolist() == [TrackState.LOST]


def test_one_that_a_look_at_the_same_frame_finds_goes_on_whatever_it_looks_like() -> None:
    story = Story()
    story.image = np.full_like(story.image, (0, 0, 255))
    for step in range(5):
        story.seen(car(500 + 20 * step))
    story.follower.quality = 0.3
    story.follower.boxes[1] = np.array([600, 100, 660, 160], np.float32)
    story.image = np.full_like(story.image, (255, 0, 0))
    tracks = story.seen((600, 100, 640, 160))
    assert (tracks.track_id.tolist(), tracks.state.tolist()) == ([1], [TrackState.CONFIRMED])


def test_one_that_comes_in_is_shown_however_unsure() -> None:
    story = Story()
    for step in range(5):
        story.seen(car(660 - 20 * step))
    story.follower.quality = 0.3
    story.follower.boxes[1] = np.array([560, 100, 620, 160], np.float32)
    assert story.unseen().state.tolist() == [TrackState.CONFIRMED]
