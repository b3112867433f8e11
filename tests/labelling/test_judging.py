from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.labelling.fusion import Fused
from acme_tracker.labelling.judging import Judged, judge
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.teachers import Teacher
from tests.labelling.seeing import Box, coarse, fine, found, vocabulary

HERE = (100, 100, 200, 160)
SETTINGS = LabelSettings()


def judged(*teachers: Teacher, before: Fused | None = None, after: Fused | None = None) -> Judged:
    return judge(found(*teachers), before, after, vocabulary(*teachers), SETTINGS)


def said(labels: Judged, *teachers: Teacher) -> list[tuple[str, bool]]:
    """Class and whether it is to learn from, of each label."""
    names = vocabulary(*teachers).classes.names
    return [(names[c], not i) for c, i in zip(labels.class_id, labels.ignore, strict=True)]


def outcome(*teachers: Teacher) -> list[tuple[str, bool]]:
    return said(judged(*teachers), *teachers)


def test_what_two_teachers_find_is_a_label_and_the_fine_one_names_it() -> None:
    assert outcome(coarse((HERE, 0.6, "vehicle")), fine((HERE, 0.6, "bus"))) == [("bus", True)]


@pytest.mark.parametrize(("score", "learnt"), [(0.9, True), (0.6, False)])
def test_a_single_teacher_must_be_very_sure(score: float, learnt: bool) -> None:
    assert outcome(coarse(), fine((HERE, score, "car"))) == [("car", learnt)]


def test_without_a_clear_vote_the_super_class_stays() -> None:
    other = Teacher("other", fine((HERE, 0.7, "truck")).detector, 0.5)
    assert outcome(fine((HERE, 0.6, "car")), other) == [("vehicle", True)]
    assert outcome(coarse((HERE, 0.9, "vehicle")), fine()) == [("vehicle", True)]


def test_what_is_tiny_is_to_ignore() -> None:
    tiny = (100, 100, 110, 105)
    assert outcome(coarse((tiny, 0.9, "vehicle")), fine((tiny, 0.9, "car"))) == [("car", False)]


def test_a_rider_is_no_person_and_the_bike_holds_the_rider() -> None:
    bike, rider = (100, 100, 160, 160), (110, 40, 150, 140)
    one = fine((bike, 0.9, "bicycle"), (rider, 0.9, "person"))
    labels = judged(one)
    assert said(labels, one) == [("bicycle", True)]
    np.testing.assert_array_equal(labels.xyxy, [(100, 40, 160, 160)])


def test_where_the_bike_is_doubtful_its_rider_is_too() -> None:
    bike, rider = (100, 100, 160, 160), (110, 40, 150, 140)
    one = fine((bike, 0.4, "bicycle"), (rider, 0.9, "person"))
    assert sorted(outcome(one)) == [("bicycle", False), ("person", False)]


def test_who_sits_in_a_car_is_to_ignore_and_who_stands_before_it_is_a_person() -> None:
    for feet, learnt in ((130, False), (158, True)):
        person = (120, 110, 135, feet)
        one = fine((HERE, 0.9, "car"), (person, 0.9, "person"))
        assert dict(outcome(one)) == {"car": True, "person": learnt}


def test_two_names_for_one_object_are_one_label_by_the_stronger() -> None:
    other = Teacher("other", fine((HERE, 0.75, "motorcycle")).detector, 0.5)
    assert outcome(fine((HERE, 0.9, "car")), other) == [("car", True)]


def test_boxes_of_different_teachers_that_overlap_are_one_object() -> None:
    off = (100, 100, 150, 160)
    assert outcome(coarse((HERE, 0.9, "vehicle")), fine((off, 0.8, "car"))) == [("vehicle", True)]
    # But what one teacher sees as two are two.
    both = fine((HERE, 0.9, "car"), ((150, 100, 250, 160), 0.8, "car"))
    assert outcome(both) == [("car", True), ("car", True)]


def test_a_doubtful_box_around_several_of_its_kind_goes() -> None:
    whole = ((0, 0, 640, 480), 0.45, "car")
    one = fine((HERE, 0.9, "car"), ((300, 100, 400, 160), 0.45, "bus"), whole)
    assert outcome(one) == [("car", True), ("bus", False)]
    alone = fine((HERE, 0.9, "car"), whole)
    assert outcome(alone) == [("car", True), ("car", False)]


def shifted(box: Box, by: float) -> Box:
    return box[0] + by, box[1], box[2] + by, box[3]


def moving(*steps: float) -> list[tuple[str, bool]]:
    """The label of a weak box that moved so far from the look before, and to the one after."""
    before, after = (found(fine((shifted(HERE, step), 0.45, "car"))) for step in steps)
    one = fine((HERE, 0.45, "car"))
    return said(judged(one, before=before, after=after), one)


def test_a_weak_box_that_moves_evenly_is_a_label() -> None:
    assert moving(-40, 40) == [("car", True)]


@pytest.mark.parametrize("steps", [(0, 0), (-3, 3), (-40, 5), (-40, 120), (-300, 300)])
def test_one_that_stands_or_jumps_stays_doubtful(steps: tuple[float, float]) -> None:
    assert moving(*steps) == [("car", False)]


def test_the_looks_before_and_after_vote_too() -> None:
    one = fine((HERE, 0.9, "car"))
    trucks = [found(fine((shifted(HERE, step), 0.9, "truck"))) for step in (-40, 40)]
    labels = judged(one, before=trucks[0], after=trucks[1])
    assert said(labels, one) == [("vehicle", True)]


def test_neighbours_without_anything_change_nothing() -> None:
    one, empty = fine((HERE, 0.45, "car")), found(fine())
    assert said(judged(one, before=empty, after=empty), one) == [("car", False)]
    nothing = judge(empty, found(one), found(one), vocabulary(one), SETTINGS)
    assert len(nothing) == 0


def test_the_order_of_equal_objects_does_not_depend_on_chance() -> None:
    one = fine((HERE, 0.9, "car"), ((300, 100, 400, 160), 0.9, "bus"))
    first, again = judged(one), judged(one)
    np.testing.assert_array_equal(first.xyxy, again.xyxy)
