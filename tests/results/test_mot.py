from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_tracker.errors import DatasetError
from acme_tracker.results.mot import MotText, read_mot
from tests.results.story import result, story, tell

PIXEL = st.floats(-500, 4000, width=32)
SIDE = st.floats(0, 2000, width=32)


def test_frames_count_from_1_pixels_from_0_and_conf_is_the_score(tmp_path: Path) -> None:
    tell(MotText(tmp_path / "t.txt"), story())
    assert (tmp_path / "t.txt").read_text() == (
        "1,1,10.00,20.00,40.00,30.00,0.9000,-1,-1,-1\n3,1,-1.00,20.00,40.00,30.00,0.9000,-1,-1,-1\n"
    )


@given(
    boxes=st.lists(st.tuples(PIXEL, PIXEL, SIDE, SIDE), min_size=1, max_size=4),
    score=st.floats(0, 1, width=32),
)
def test_what_is_written_is_read_back(
    boxes: list[tuple[float, float, float, float]],
    score: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("mot") / "t.txt"
    xyxy = [(left, top, left + width, top + height) for left, top, width, height in boxes]
    rows = [{"track_id": i + 1, "xyxy": box, "score": score} for i, box in enumerate(xyxy)]
    tell(MotText(path), [result(5, *rows)])
    read = read_mot(path)
    assert set(read.frame_index.tolist()) == {5}
    assert read.track_id.tolist() == list(range(1, len(boxes) + 1))
    np.testing.assert_allclose(read.xyxy, np.array(xyxy), atol=0.011)
    np.testing.assert_allclose(read.score, score, atol=1e-4)


def test_other_tools_dialects_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("1.0, 2, 1, 2, 3, 4\n\n2 2 1 2 3 4 -1 -1 -1 -1\n")
    rows = read_mot(path)
    assert rows.frame_index.tolist() == [0, 1]
    assert rows.score.tolist() == [1, 1]
    assert rows.class_id.tolist() == [-1, -1]


def test_an_empty_file_is_no_rows(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("")
    assert len(read_mot(tmp_path / "t.txt")) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3", r"t.txt:2: wanted frame,id,left,top,width,height.*, got '1,2,3'"),
        ("0,1,1,2,3,4", r"t.txt:2: wanted a whole number from 1 as frame, got '0'"),
        ("1,a,1,2,3,4", r"t.txt:2: wanted a number as id, got 'a'"),
        ("1,1.5,1,2,3,4", r"t.txt:2: wanted a whole number as id, got '1.5'"),
        ("1,1,1,nan,3,4", r"t.txt:2: wanted a number as top, got 'nan'"),
    ],
)
def test_a_line_that_is_no_row_is_named(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(f"1,1,1,2,3,4\n{line}\n")
    with pytest.raises(DatasetError, match=message):
        read_mot(tmp_path / "t.txt")
