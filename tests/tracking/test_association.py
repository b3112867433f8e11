from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_tracker.config import AssociationSettings
from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.tracking.association import (
    Targets,
    centroid_distance,
    class_similarity,
    distance_of,
    match,
)

CLASSES = ClassList(("person", "car", "truck"))
costs = st.integers(0, 5).flatmap(
    lambda n: st.integers(0, 4).flatmap(
        lambda m: st.lists(
            st.lists(
                st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, 1.1, np.inf, np.nan]),
                min_size=m,
                max_size=m,
            ),
            min_size=n,
            max_size=n,
        ).map(lambda rows: np.array(rows, np.float32).reshape(n, m))
    )
)


def targets(*boxes: tuple[float, ...], spread_px: float = 0, class_id: int = 1) -> Targets:
    shares = np.zeros((len(boxes), len(CLASSES)), np.float32)
    shares[:, class_id] = 1
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Targets(xyxy, np.full(len(boxes), spread_px, np.float32), shares)


def detections(*boxes: tuple[float, ...], class_id: int = 1) -> Detections:
    return Detections.of(boxes, np.ones(len(boxes)), np.full(len(boxes), class_id))


@given(costs)
def test_matches_are_one_to_one_within_the_gate_and_complete(cost: np.ndarray) -> None:
    found = match(cost)
    assert (cost[found.targets, found.detections] <= 1).all()
    rows = np.concatenate([found.targets, found.unmatched_targets])
    columns = np.concatenate([found.detections, found.unmatched_detections])
    assert sorted(rows) == list(range(cost.shape[0]))
    assert sorted(columns) == list(range(cost.shape[1]))


@given(costs)
def test_no_other_set_of_allowed_pairs_is_larger_or_cheaper(cost: np.ndarray) -> None:
    found = match(cost)
    wide = cost if cost.shape[0] >= cost.shape[1] else cost.T
    best = (0, 0.0)
    for order in permutations(range(wide.shape[0]), wide.shape[1]):
        picked = wide[list(order), range(wide.shape[1])]
        allowed = picked[picked <= 1]
        best = min(best, (-len(allowed), float(allowed.sum())))
    got = cost[found.targets, found.detections]
    assert -len(got) == best[0]
    assert float(got.sum()) == pytest.approx(best[1], abs=1e-5)


def test_a_newcomer_is_new_even_while_an_old_object_leaves() -> None:
    # The classic centroid tracker hands the leaver's identity to the newcomer, however far away.
    found = match(centroid_distance(0.7, targets((0, 0, 40, 40)), detections((500, 0, 540, 40))))
    assert found.unmatched_targets.tolist() == [0]
    assert found.unmatched_detections.tolist() == [0]


def test_the_centroid_gate_scales_with_the_boxes() -> None:
    near, far = (12, 0, 32, 20), (120, 0, 320, 200)
    assert centroid_distance(0.7, targets((0, 0, 20, 20)), detections(near))[0, 0] <= 1
    assert centroid_distance(0.7, targets((0, 0, 200, 200)), detections(far))[0, 0] <= 1
    assert centroid_distance(0.7, targets((0, 0, 20, 20)), detections((20, 0, 40, 20)))[0, 0] > 1


def test_an_unsure_track_reaches_farther() -> None:
    away = detections((30, 0, 50, 20))
    assert centroid_distance(0.7, targets((0, 0, 20, 20)), away)[0, 0] > 1
    assert centroid_distance(0.7, targets((0, 0, 20, 20), spread_px=40), away)[0, 0] <= 1


def test_a_bus_does_not_become_the_pedestrian_before_it() -> None:
    cost = centroid_distance(0.7, targets((90, 90, 110, 130)), detections((0, 40, 200, 180)))
    assert cost[0, 0] == np.inf


def test_the_class_vote_decides_between_equal_places() -> None:
    distance = distance_of(AssociationSettings(method="mixed"), CLASSES)
    both = targets((0, 0, 40, 40), (4, 0, 44, 40))
    both.class_shares[:] = [[0, 1, 0], [1, 0, 0]]
    cost = distance(both, detections((2, 0, 42, 40), class_id=1))
    assert cost[0, 0] < cost[1, 0]


def test_car_and_truck_are_nearly_the_same_and_a_person_is_neither() -> None:
    similar = class_similarity(CLASSES)
    assert similar[1, 2] == pytest.approx(0.8)
    assert similar[0, 1] == 0
    assert np.diag(similar).tolist() == [1, 1, 1]


@pytest.mark.parametrize("method", ["centroid", "iou", "mixed"])
def test_every_distance_takes_no_tracks_no_detections_and_flat_boxes(method: str) -> None:
    distance = distance_of(AssociationSettings.model_validate({"method": method}), CLASSES)
    assert distance(targets(), detections((0, 0, 9, 9))).shape == (0, 1)
    assert distance(targets((0, 0, 9, 9)), detections()).shape == (1, 0)
    assert not np.isnan(distance(targets((5, 5, 5, 5)), detections((5, 5, 5, 5)))).any()
