from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import Sequence
from acme_tracker.datatypes import ClassList, TrackRows
from acme_tracker.evaluation.oracles import TruthDetector, with_ideal_ids
from acme_tracker.frames import Frame
from acme_tracker.interfaces import FrameWatcher
from acme_tracker.metrics.scores import score_tracks
from tests.fakes import textured_scene
from tests.metrics.recipes import crossing_traffic, make, rows

CAR, BUS, OUT_OF_USE = [10, 20, 60, 50], [100, 100, 180, 160], [0, 0, 30, 30]


def sequence(truth: TrackRows, names: tuple[str, ...] = ("car", "bus")) -> Sequence:
    return Sequence("s", Path("none"), 25.0, (320, 240), 9, ClassList(names), truth, "made")


def frame(index: int) -> Frame:
    return Frame.of_image(textured_scene(), index, index / 25)


@pytest.fixture
def detector() -> TruthDetector:
    truth = rows([3, 3, 3], [1, 2, 3], [CAR, BUS, OUT_OF_USE], [True, True, False], [0, 1, 0])
    return TruthDetector(sequence(truth))


def test_the_truth_of_the_watched_frame_is_found(detector: TruthDetector) -> None:
    assert isinstance(detector, FrameWatcher)
    watched = frame(3)
    detector.watch(watched)
    (found,) = detector.detect([watched.image])
    np.testing.assert_array_equal(found.xyxy, [CAR, BUS])  # what is not scored is not truth
    assert found.class_id.tolist() == [0, 1]
    assert found.score.tolist() == [1, 1]
    detector.watch(other := frame(4))
    assert len(detector.detect([other.image])[0]) == 0


def test_a_region_shows_what_has_its_centre_there(detector: TruthDetector) -> None:
    watched = frame(3)
    detector.watch(watched)
    (found,) = detector.detect([watched.image[90:150, 90:200]])
    np.testing.assert_array_equal(found.xyxy, [[10, 10, 90, 60]])  # cut to the region
    assert found.class_id.tolist() == [1]


def test_a_picture_that_was_not_watched_is_refused(detector: TruthDetector) -> None:
    with pytest.raises(ValueError, match="watched frame only"):
        detector.detect([frame(3).image])
    detector.watch(frame(3))
    with pytest.raises(ValueError, match="watched frame only"):
        detector.detect([frame(3).image.copy()])


def test_truth_without_classes_is_of_the_class_object() -> None:
    detector = TruthDetector(sequence(rows([0], [1], [CAR], class_id=-1), names=()))
    detector.watch(watched := frame(0))
    (found,) = detector.detect([watched.image])
    assert detector.classes.names == ("object",)
    assert found.class_id.tolist() == [0]


@pytest.mark.parametrize("seed", range(3))
def test_ideal_ids_leave_the_boxes_and_make_association_perfect(seed: int) -> None:
    truth = crossing_traffic(seed)
    result = make("messy", truth)
    before, after = score_tracks(truth, result), score_tracks(truth, with_ideal_ids(truth, result))
    assert after.clear.switches == 0
    assert after.hota.det_a == pytest.approx(before.hota.det_a, abs=0.02)
    assert after.hota.ass_a > before.hota.ass_a
    assert after.identity.idf1 > before.identity.idf1


def test_boxes_that_are_right_get_a_perfect_score_whatever_their_ids() -> None:
    truth = crossing_traffic()
    mixed = replace(truth, track_id=np.arange(len(truth)))[truth.scored]
    assert score_tracks(truth, mixed).hota.hota < 0.5
    assert score_tracks(truth, with_ideal_ids(truth, mixed)).hota.hota == pytest.approx(1)


def test_false_boxes_stay_false_and_share_no_track() -> None:
    truth = rows([0, 1], [1, 1], [CAR, CAR])
    result = rows([0, 0, 1, 1], [1, 2, 2, 1], [CAR, BUS, CAR, BUS])
    told = with_ideal_ids(truth, result)
    ids = told.track_id.tolist()
    assert ids[0] == ids[2]
    assert len(set(ids)) == 3
    assert score_tracks(truth, told).clear.false == 2
