from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.datatypes import ClassList
from acme_tracker.detection.selection import Candidates, Selector, Suppression, select_classes
from acme_tracker.errors import ConfigError

LABELS = ("person", "car", "truck", "motorcycle", "van")
SIZE = (100, 80)


def candidates(*rows: tuple[tuple[float, ...], float, int]) -> Candidates:
    return Candidates(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.int64),
    )


def selector(suppress: Suppression = "none", classes: tuple[str, ...] = LABELS) -> Selector:
    return Selector(LABELS, ClassList(classes), 0.3, suppress)


def test_a_class_may_want_another_score_than_the_others() -> None:
    select = Selector(LABELS, ClassList(LABELS), 0.3, class_scores={LABELS[0]: 0.1, LABELS[1]: 0.6})
    scores = [(0.09, 0), (0.11, 0), (0.59, 1), (0.61, 1), (0.29, 2), (0.31, 2)]
    found = select(candidates(*(((0, 0, 10, 10), score, label) for score, label in scores)), SIZE)
    assert found.score.tolist() == pytest.approx([0.61, 0.31, 0.11])
    assert select.least == 0.1


def test_weak_broken_and_outside_boxes_are_dropped_and_the_rest_is_cut_and_sorted() -> None:
    found = selector()(
        candidates(
            ((0, 0, 10, 10), 0.5, 0),
            ((0, 0, 10, 10), 0.29, 0),
            ((90, 70, 130, 130), 0.8, 1),
            ((200, 0, 210, 10), 0.9, 1),
            ((10, 10, 5, 20), 0.9, 1),
            ((0, np.nan, 10, 10), 0.9, 1),
        ),
        SIZE,
    )
    assert found.xyxy.tolist() == [[90, 70, 100, 80], [0, 0, 10, 10]]
    assert found.class_id.tolist() == [1, 0]


def test_equal_scores_keep_the_order_of_the_model() -> None:
    rows = [((x, 0, x + 5, 5), 0.5, 1) for x in (30, 10, 20)]
    assert selector()(candidates(*rows), SIZE).xyxy[:, 0].tolist() == [30, 10, 20]


@pytest.mark.parametrize(
    ("suppress", "kept"),
    [
        ("none", [2, 1, 0, 3]),
        ("per-class", [2, 1, 0, 3]),
        ("per-kind", [2, 0, 3]),
        ("agnostic", [2]),
    ],
)
def test_a_truck_outdoes_the_car_in_its_place_but_not_the_rider(
    suppress: Suppression, kept: list[int]
) -> None:
    place = (10, 10, 50, 50)
    rows = ((place, 0.9, 2), (place, 0.8, 1), (place, 0.7, 0), (place, 0.6, 3))
    assert selector(suppress)(candidates(*rows), SIZE).class_id.tolist() == kept


def test_selecting_cars_does_not_turn_trucks_into_cars() -> None:
    place = (10, 10, 50, 50)
    rows = ((place, 0.9, 2), (place, 0.8, 1), ((60, 0, 90, 30), 0.5, 1))
    found = selector("per-kind", ("car",))(candidates(*rows), SIZE)
    assert found.xyxy.tolist() == [[60, 0, 90, 30]]
    assert found.class_id.tolist() == [0]


def test_class_scores_take_the_best_of_the_labels_that_share_a_name() -> None:
    both = Selector(("car", "truck", "car"), ClassList(("truck", "car")), 0.3)
    scores = np.array([[0.2, 0.1, 0.6], [0.1, 0.7, 0.3]], np.float32)
    boxes = np.array([[0, 0, 9, 9], [20, 0, 29, 9]], np.float32)
    found = both(Candidates(boxes, scores.max(1), scores.argmax(1), scores), SIZE)
    assert found.class_id.tolist() == [0, 1]
    np.testing.assert_allclose(found.class_scores, [[0.7, 0.3], [0.1, 0.6]])  # type: ignore[arg-type]


def test_no_more_than_asked_for_are_kept_and_they_are_the_best() -> None:
    few = Selector(LABELS, ClassList(LABELS), 0.0, max_detections=2)
    rows = [((x, 0, x + 5, 5), x / 100, 0) for x in (10, 30, 20)]
    assert few(candidates(*rows), SIZE).xyxy[:, 0].tolist() == [30, 20]


@pytest.mark.parametrize(
    ("known", "wanted", "classes"),
    [
        (("dog", "truck", "person", "car"), (), ("person", "car", "truck")),
        (("vehicle", "person", "bike"), (), ("person", "vehicle", "bike")),
        (("dog", "truck", "car"), ("vehicle",), ("truck", "car")),
        (("vehicle", "person"), ("vehicle",), ("vehicle",)),
        (("dog", "car"), ("dog", "car", "vehicle"), ("dog", "car")),
        (("dog", "cat"), (), ("dog", "cat")),
    ],
)
def test_the_run_has_the_classes_asked_for_that_the_detector_knows(
    known: tuple[str, ...], wanted: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    assert select_classes(known, wanted, "it").names == classes


def test_a_class_the_detector_does_not_know_is_an_error_that_names_what_it_knows() -> None:
    with pytest.raises(ConfigError, match=r"it knows no class 'car'; known: bike, person, vehicle"):
        select_classes(("vehicle", "person", "bike"), ("person", "car"), "it")
    with pytest.raises(ConfigError, match="'trcuk'; did you mean 'truck'"):
        select_classes(("truck", "car"), ("trcuk",), "it")
