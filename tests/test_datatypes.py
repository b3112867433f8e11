from __future__ import annotations

import pickle
from datetime import UTC, datetime

import numpy as np
import pytest

from acme_tracker.datatypes import ROAD_USERS, ClassList, Detections, Tracks
from acme_tracker.frames import Frame, SourceInfo


def test_a_wrong_shape_is_told_with_what_was_wanted_and_what_came() -> None:
    with pytest.raises(ValueError, match=r"xyxy must have shape \(N, 4\), got \(4,\)"):
        Detections.of((1, 2, 3, 4), (0.5,), (0,))
    with pytest.raises(ValueError, match="score must have 1 rows, got 2"):
        Detections.of([(1, 2, 3, 4)], (0.5, 0.6), (0,))


def test_columns_are_typed_and_cannot_be_written_to() -> None:
    found = Detections.of([(1, 2, 3, 4)], [1], [0])
    dtypes = [str(column.dtype) for column in (found.xyxy, found.score, found.class_id)]
    assert dtypes == ["float32", "float32", "int64"]
    with pytest.raises(ValueError, match="read-only"):
        found.xyxy[0, 0] = 9


def test_rows_are_taken_by_mask_index_or_slice() -> None:
    found = Detections.of([(0, 0, 1, 1), (0, 0, 2, 2), (0, 0, 3, 3)], [0.1, 0.2, 0.3], [0, 1, 2])
    assert found[found.score > 0.15].class_id.tolist() == [1, 2]
    assert found[[2, 0]].class_id.tolist() == [2, 0]
    assert found[:1].class_id.tolist() == [0]


def test_concatenation_keeps_an_optional_column_only_if_all_have_it() -> None:
    plain = Detections.of([(0, 0, 1, 1)], [0.1], [0])
    scored = Detections(plain.xyxy, plain.score, plain.class_id, np.ones((1, 3), np.float32))
    assert Detections.concatenate([plain, scored]).class_scores is None
    both = Detections.concatenate([scored, scored])
    assert both.class_scores is not None
    assert both.class_scores.shape == (2, 3)
    with pytest.raises(ValueError, match="at least one"):
        Detections.concatenate([])


def test_empty_tables_have_the_right_shapes() -> None:
    assert Detections.empty().xyxy.shape == (0, 4)
    assert Tracks.empty().velocity.shape == (0, 2)
    assert len(Tracks.empty().confirmed) == 0


def test_a_super_class_stands_for_its_members() -> None:
    users = ClassList(ROAD_USERS)
    assert [users.names[i] for i in users.members("vehicle")] == ["car", "bus", "truck"]
    assert users.members("car") == (2,)
    assert users.members("tram") == ()
    assert ClassList(("person", "vehicle")).members("vehicle") == (1,)


def test_class_names_are_unique_and_an_unknown_one_is_told() -> None:
    with pytest.raises(ValueError, match="unique"):
        ClassList(("car", "car"))
    with pytest.raises(KeyError, match="'tram' is none of the classes car, bus"):
        ClassList(("car", "bus")).id_of("tram")


def test_a_class_list_travels_between_processes() -> None:
    users = ClassList(ROAD_USERS)
    assert pickle.loads(pickle.dumps(users)) == users


def test_a_frame_converts_once_and_only_when_asked() -> None:
    made: list[str] = []

    def picture() -> np.ndarray:
        made.append("image")
        return np.zeros((2, 3, 3), np.uint8)

    frame = Frame("a", 0, 0.0, (3, 2), picture, lambda: np.zeros((2, 3), np.uint8))
    assert made == []
    assert frame.image is frame.image
    assert made == ["image"]


@pytest.mark.parametrize("size", [(1280, 720), (800, 640), (353, 200)])
def test_a_small_picture_shows_the_whole_frame(size: tuple[int, int]) -> None:
    width, height = size
    x = np.linspace(0, 255, width)[None, :, None].astype(np.uint8)
    small = Frame.of_image(np.tile(x, (height, 1, 3)), 0, 0).small
    assert small.shape == (round(160 * height / width), 160)
    assert small[0].astype(int) == pytest.approx(np.linspace(0, 255, 160), abs=4)
    assert np.ptp(small, axis=0).max() <= 1


def test_a_frame_of_a_wrong_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) uint8, got \(2, 3\)"):
        Frame.of_image(np.zeros((2, 3), np.uint8), 0, 0)


def test_clock_time_is_the_start_plus_the_time() -> None:
    start = datetime(2026, 5, 3, 14, 30, tzinfo=UTC)
    info = SourceInfo("a", "a", (3, 2), started_at=start)
    assert info.clock_time(90.5) == datetime(2026, 5, 3, 14, 31, 30, 500000, tzinfo=UTC)
    assert SourceInfo("a", "a", (3, 2)).clock_time(1) is None
