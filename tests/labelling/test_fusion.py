from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, BrokenBarrierError

import numpy as np
import pytest

from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Image
from acme_tracker.labelling.riders import with_riders
from acme_tracker.labelling.teachers import Panel, Teacher, open_teachers
from acme_tracker.labelling.vocabulary import Vocabulary
from tests.labelling.seeing import PICTURE, Says, coarse, fine, found, vocabulary

HERE, NEAR = (100, 100, 200, 160), (110, 100, 210, 160)


def test_boxes_of_one_object_become_their_mean_by_weight_and_score() -> None:
    both = found(coarse((HERE, 0.9, "vehicle"), weight=2), fine((NEAR, 0.6, "car")))
    assert len(both) == 1
    expected = np.average([HERE, NEAR], axis=0, weights=[2 * 0.9, 0.6])
    np.testing.assert_allclose(both.xyxy[0], expected, rtol=1e-5)
    assert both.score[0] == pytest.approx((2 * 0.9 + 0.6) / 3)
    assert both.best[0] == pytest.approx(0.9)
    assert both.teachers.tolist() == [2]


def test_boxes_apart_and_of_other_kinds_stay_apart() -> None:
    apart = found(
        coarse((HERE, 0.9, "vehicle"), (HERE, 0.8, "person")),
        fine(((300, 100, 400, 160), 0.7, "bus")),
    )
    assert len(apart) == 3
    assert apart.teachers.tolist() == [1, 1, 1]


def test_a_teacher_counts_once_however_many_boxes_it_gives_to_an_object() -> None:
    twice = found(fine((HERE, 0.9, "car"), (NEAR, 0.5, "truck")), coarse())
    assert twice.teachers.tolist() == [1]
    assert twice.score[0] == pytest.approx(0.9)


def test_scores_are_even_half_is_what_counts_with_each_teacher() -> None:
    shy = Teacher("shy", Says(("car",), (HERE, 0.2, "car"), (NEAR, 0.6, "car")), 0.2)
    seen = Panel([shy], vocabulary(shy)).look(PICTURE)
    np.testing.assert_allclose(seen.score, [0.5, 0.75], rtol=1e-6)


def test_only_who_knows_finer_classes_votes_for_one() -> None:
    both = found(coarse((HERE, 0.9, "vehicle"), weight=5), fine((HERE, 0.8, "truck")))
    names = vocabulary(coarse(), fine()).classes.names
    votes = dict(zip(names, both.votes[0].tolist(), strict=True))
    assert votes.pop("truck") == pytest.approx(0.8)
    assert not any(votes.values())


def test_a_vote_is_shared_by_the_class_scores_within_the_kind() -> None:
    unsure = Says(("person", "car", "truck"))
    unsure.answer = Detections(
        np.array([HERE]), np.array([0.6]), np.array([1]), np.array([[0.5, 0.6, 0.2]])
    )
    teacher = Teacher("unsure", unsure, 0.5)
    seen = Panel([teacher], vocabulary(teacher)).look(PICTURE)
    np.testing.assert_allclose(seen.votes[0], [0, 0.45, 0.15, 0], rtol=1e-5)


def test_nothing_found_is_nothing() -> None:
    assert len(found(coarse(), fine())) == 0


def test_a_picture_is_shown_in_the_aspect_asked_for_and_boxes_come_back_in_its_own_pixels() -> None:
    teacher = fine(((160, 0, 320, 100), 0.9, "car"))
    seen = Panel([teacher], vocabulary(teacher)).look(PICTURE, aspect=2)
    assert isinstance(teacher.detector, Says)
    assert teacher.detector.shown == [(960, 480)]
    np.testing.assert_allclose(seen.xyxy[0], [160 / 1.5, 0, 320 / 1.5, 100], rtol=1e-6)


def test_a_bike_is_widened_to_its_rider_and_to_nobody_else() -> None:
    bike = (100, 100, 160, 160)
    people = np.array([(110, 40, 150, 140), (300, 40, 340, 140)], np.float32)
    bikes = np.array([bike, (400, 100, 460, 160)], np.float32)
    np.testing.assert_array_equal(
        with_riders(bikes, people), [(100, 40, 160, 160), (400, 100, 460, 160)]
    )
    beside = np.array([(160, 40, 200, 170)], np.float32)
    np.testing.assert_array_equal(with_riders(bikes, beside), bikes)


def test_super_classes_are_classes_where_a_member_may_stay_open() -> None:
    assert Vocabulary.of(["car", "person"]).classes.names == ("person", "car")
    assert Vocabulary.of(["van", "car", "bus"]).classes.names == ("car", "bus", "van", "vehicle")
    assert Vocabulary.of(["bike"]).classes.names == ("bike",)


@pytest.mark.parametrize(
    "words", [[], ["motion"], ["picodet-s=0"], ["picodet-s=x"], ["picodet-s=inf"]]
)
def test_teachers_that_cannot_be_are_refused_in_one_line(words: list[str]) -> None:
    with pytest.raises(ConfigError, match="--teacher") as caught:
        open_teachers(words, 0.3)
    assert "\n" not in str(caught.value)


def test_classes_keep_their_super_classes() -> None:
    assert vocabulary(fine()).classes == ClassList((*fine().detector.classes, "vehicle", "bike"))


class Meets(Says):
    """A detector that notes whether another one looks while it does."""

    def __init__(self, meeting: Barrier) -> None:
        super().__init__(("car",))
        self.meeting, self.met = meeting, list[bool]()

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        try:
            self.meeting.wait(0.2 if not self.met else 20)
            self.met.append(True)
        except BrokenBarrierError:
            self.met.append(False)
            self.meeting.reset()
        return super().detect(images)


def test_teachers_look_together_but_the_first_time_one_by_one() -> None:
    meeting = Barrier(2)
    teachers = [Teacher(name, Meets(meeting), 0.5) for name in "ab"]
    panel = Panel(teachers, vocabulary(*teachers))
    panel.look(PICTURE)
    panel.look(PICTURE)
    assert [teacher.detector.met for teacher in teachers] == [[False, True]] * 2  # type: ignore
