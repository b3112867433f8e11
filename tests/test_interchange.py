from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.datatypes import ClassList, Detections, Tracks
from acme_tracker.interchange import from_supervision, to_supervision, tracks_from_supervision
from tests.results.story import CLASSES, tracks


def test_detections_come_back_as_they_went() -> None:
    there = Detections.of([(1, 2, 3, 4), (5, 6, 7, 8)], [0.5, 0.25], [1, 0])
    away = to_supervision(there, CLASSES)
    assert list(away.data["class_name"]) == ["bus", "car"]
    assert away.tracker_id is None
    back = from_supervision(away, CLASSES)
    for name in ("xyxy", "score", "class_id"):
        np.testing.assert_array_equal(getattr(back, name), getattr(there, name))


def test_tracks_come_back_as_they_went() -> None:
    there = tracks({"confidence": 0.5, "quality": 9}, {"track_id": 4, "observed": True, "state": 2})
    away = to_supervision(there, CLASSES)
    assert away.tracker_id is not None
    assert away.tracker_id.tolist() == [1, 4]
    back = tracks_from_supervision(away, CLASSES)
    for name in Tracks.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(back, name), getattr(there, name))


@pytest.mark.parametrize("nothing", [Detections.empty(), Tracks.empty()])
def test_nothing_stays_nothing(nothing: Detections | Tracks) -> None:
    away = to_supervision(nothing, CLASSES)
    assert len(from_supervision(away, CLASSES)) == 0
    assert len(tracks_from_supervision(away, CLASSES)) == 0


def test_what_supervision_draws_on_cannot_change_our_arrays() -> None:
    there = Detections.of([(1, 2, 3, 4)], [0.5], [0])
    away = to_supervision(there, CLASSES)
    away.xyxy[:] = 9
    assert there.xyxy.tolist() == [[1, 2, 3, 4]]


def test_classes_go_by_name_where_the_lists_differ() -> None:
    away = to_supervision(Detections.of([(1, 2, 3, 4)], [0.5], [1]), CLASSES)
    assert from_supervision(away, ClassList(("bus", "tram"))).class_id.tolist() == [0]
    with pytest.raises(ValueError, match="'bus' is none of the classes tram"):
        from_supervision(away, ClassList(("tram",)))


def test_other_peoples_boxes_may_lack_names_and_scores() -> None:
    import supervision as sv

    bare = sv.Detections(xyxy=np.array([[1.0, 2, 3, 4]]), class_id=np.array([1]))
    assert from_supervision(bare, CLASSES).score.tolist() == [1]
    with pytest.raises(ValueError, match=r"class_id must be in 0\.\.0, got \[1\]"):
        from_supervision(bare, ClassList(("car",)))
    with pytest.raises(ValueError, match="must have tracker_id"):
        tracks_from_supervision(bare, CLASSES)
    with pytest.raises(ValueError, match="got neither"):
        from_supervision(sv.Detections(xyxy=np.array([[1.0, 2, 3, 4]])), CLASSES)


def test_a_trackers_bare_boxes_are_confirmed_observed_and_at_rest() -> None:
    import supervision as sv

    boxes = sv.Detections(
        xyxy=np.array([[1.0, 2, 3, 4]]), class_id=np.array([0]), tracker_id=np.array([8])
    )
    made = tracks_from_supervision(boxes, CLASSES)
    assert made.confirmed.track_id.tolist() == [8]
    assert made.observed.all()
    assert np.isnan(made.confidence).all()
