"""Single-object sequences, against small files written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import guess_format, open_dataset, open_sequences
from acme_tracker.errors import DatasetError
from tests.datasets.making import SHARED, picture, text

TRUTH = "10,20,30,40\n11\t21\t30\t40\n\nnan,nan,nan,nan\n0,0,0,0\n12.5 22 30 40\n"


def test_a_line_is_a_frame_whatever_stands_between_the_numbers(tmp_path: Path) -> None:
    text(tmp_path / "Car/groundtruth.txt", TRUTH)
    text(tmp_path / "Car/video.mp4", "")
    (sequence,) = open_sequences(tmp_path)
    assert (sequence.name, sequence.format, sequence.length) == ("Car", "otb", 6)
    assert sequence.path == tmp_path / "Car/video.mp4"
    assert sequence.frame_rate is None
    assert sequence.classes.names == ("object",)
    # Frames without the object have no box, and do not shift those after them.
    assert sequence.rows.frame_index.tolist() == [0, 1, 5]
    assert sequence.rows.track_id.tolist() == [1, 1, 1]
    np.testing.assert_array_equal(sequence.rows.xyxy[2], [12.5, 22, 42.5, 62])


@pytest.mark.parametrize("folder", ["img", "."])
def test_pictures_lie_in_img_or_beside_the_truth(tmp_path: Path, folder: str) -> None:
    text(tmp_path / "groundtruth_rect.txt", "1,2,3,4\n1,2,3,4\n")
    for number in (1, 2):
        picture(tmp_path / folder / f"{number:04d}.jpg", (32, 24))
    (sequence,) = open_sequences(tmp_path)
    assert sequence.path == (tmp_path / folder)
    assert (sequence.length, sequence.size) == (2, (32, 24))
    assert sequence.problems == ()
    assert [len(image.xyxy) for image in open_dataset(tmp_path)] == [1, 1]


def test_one_sequence_can_be_named_by_its_file(tmp_path: Path) -> None:
    file = text(tmp_path / "Car/groundtruth.txt", "1,2,3,4\n")
    assert guess_format(file) == "otb"
    assert open_sequences(file)[0].name == "Car"


def test_odd_lines_are_problems_with_their_number(tmp_path: Path) -> None:
    file = text(tmp_path / "groundtruth.txt", "1,2,3,4\n1,2,3,4,5,6,7,8\n1,2,-3,4\n1,x,3,4\n")
    picture(tmp_path / "img/1.jpg")
    (sequence,) = open_sequences(tmp_path)
    assert sequence.rows.frame_index.tolist() == [0]
    assert [problem.line for problem in sequence.problems] == [2, 3, 4, None]
    assert "4 lines, but there are 1 pictures" in sequence.problems[-1].message
    with pytest.raises(DatasetError, match=rf"{file}:2: row must be left,top,width,height, got 8"):
        open_sequences(tmp_path, strict=True)


def test_the_shared_sequence_reads() -> None:
    folder = SHARED / "single_object"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    (sequence,) = open_sequences(folder)
    assert (sequence.name, sequence.length, len(sequence.rows)) == ("Car4", 659, 659)
    np.testing.assert_array_equal(sequence.rows.xyxy[0], [70, 51, 177, 138])
