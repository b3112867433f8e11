"""Sequences with tracks, against small files written by hand from their specification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import guess_format, open_dataset, open_sequences
from acme_tracker.datasets.frames import frames_dataset
from acme_tracker.errors import DatasetError
from tests.datasets.making import picture, text
from tests.datasets.test_other_formats import KITTI


def test_kitti_tracking_is_a_sequence_a_file(tmp_path: Path) -> None:
    rows = [f"{f} {t} {row}" for f, t, row in zip((0, 1), (7, -1), KITTI.splitlines(), strict=True)]
    text(tmp_path / "label_02/0003.txt", "\n".join(rows) + "\n1 7 Car 0")
    for number in range(3):
        picture(tmp_path / f"image_02/0003/{number:06d}.png", (100, 50))
    (sequence,) = open_sequences(tmp_path)
    assert (sequence.name, sequence.length, sequence.size) == ("0003", 3, (100, 50))
    assert sequence.rows.track_id.tolist() == [7, -1]
    assert sequence.rows.scored.tolist() == [True, False]
    assert sequence.rows.class_id.tolist() == [0, -1]
    assert [problem.line for problem in sequence.problems] == [3]
    frames = open_dataset(tmp_path)
    assert frames.names[1] == "0003/000001.png"
    assert [len(image.xyxy) for image in frames] == [1, 1, 0]
    assert frames[1].ignore.tolist() == [True]


DETRAC = """<?xml version="1.0" encoding="utf-8"?>
<sequence name="MVI_1">
   <sequence_attribute camera_state="unstable" sence_weather="sunny"/>
   <ignored_region><box left="1" top="2" width="30" height="10"/></ignored_region>
   <frame density="1" num="2">
      <target_list>
         <target id="4">
            <box left="10.5" top="20" width="30" height="15"/>
            <attribute orientation="18" speed="6.8" vehicle_type="van"/>
         </target>
         <target id="5">
            <box left="10.5" top="20" width="-3" height="15"/>
            <attribute vehicle_type="car"/>
         </target>
         <target id="6">
            <box left="10.5" top="20" width="3" height="15"/>
            <attribute vehicle_type="tank"/>
         </target>
      </target_list>
   </frame>
</sequence>
"""


def test_detrac_targets_and_regions_that_hold_on_every_frame(tmp_path: Path) -> None:
    text(tmp_path / "DETRAC-Train-Annotations-XML/MVI_1.xml", DETRAC)
    for number in (1, 2, 3):
        picture(tmp_path / f"Insight-MVT_Annotation_Train/MVI_1/img0000{number}.jpg", (96, 54))
    (sequence,) = open_sequences(tmp_path)
    rows = sequence.rows
    assert (sequence.format, sequence.name, sequence.length) == ("ua-detrac", "MVI_1", 3)
    (target,) = np.flatnonzero(rows.scored)
    np.testing.assert_array_equal(rows.xyxy[target], [10.5, 20, 40.5, 35])
    assert (rows.frame_index[target], rows.track_id[target]) == (1, 4)
    assert sequence.classes.names[rows.class_id[target]] == "van"
    assert rows.frame_index[~rows.scored].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(rows.xyxy[~rows.scored][0], [1, 2, 31, 12])
    assert [(p.line, p.message) for p in sequence.problems] == [
        (11, "box must be wider and higher than 0, got -3 x 15"),
        (15, "vehicle_type 'tank' is none of car, bus, van, others"),
    ]


GT = "1,1,10,20,30.5,40,1,3,0.5\n2,1,11,20,30,40,0,3,1\n"


def test_mot_truth_with_frames_from_one_and_flags(tmp_path: Path) -> None:
    home = tmp_path / "MOT20-01"
    text(home / "gt/gt.txt", GT.replace("\n", "\r\n"))
    text(home / "seqinfo.ini", "[Sequence]\nname=other\nframeRate=12.5\nseqLength=9\n")
    for number in (1, 2):
        picture(home / f"img1/{number:06d}.jpg", (80, 60))
    (sequence,) = open_sequences(tmp_path)
    assert (sequence.name, sequence.frame_rate, sequence.length) == ("MOT20-01", 12.5, 9)
    assert sequence.size == (80, 60)
    assert sequence.rows.frame_index.tolist() == [0, 1]
    np.testing.assert_array_equal(sequence.rows.xyxy[0], [10, 20, 40.5, 60])
    assert sequence.rows.scored.tolist() == [True, False]
    assert sequence.rows.visibility.tolist() == [0.5, 1]
    assert sequence.classes.names[sequence.rows.class_id[0]] == "car"
    assert not sequence.problems


def test_mot_class_numbers_without_names_are_said(tmp_path: Path) -> None:
    (sequence,) = open_sequences(text(tmp_path / "clip/gt/gt.txt", GT))
    assert sequence.classes.names == ("class_1", "class_2", "class_3")
    assert "no names for classes 1 to 3" in sequence.problems[0].message
    text(tmp_path / "clip/gt/labels.txt", "car\nbus\ntruck\n")
    (sequence,) = open_sequences(tmp_path / "clip")
    assert sequence.classes.names == ("car", "bus", "truck")
    assert not sequence.problems


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,3", "got 3 values"),
        ("-1,2,1,1,5,5,1,1,1", "frames count from 1, got -1"),
        ("1,2,1,1,nan,5,1,1,1", "'nan' is not a finite number"),
        ("1,2,1,1,-5,5,1,1,1", "got -5 x 5"),
        ("1,x,1,1,5,5,1,1,1", "'x' is not a number"),
        ("1,2,1,1,5,5,1,99999999,1", "class must be at most 10000"),
        ("1,2,1e30,1,5e30,5,1,1,1", "box must lie within 1000000 pixels, got 6e"),
        ("1,99999999999999999999,1,1,5,5,1,1,1", "is not a whole number"),
        ("1,1,1,1,5,5,1,1,1", "track 1 is twice on the same frame"),
    ],
)
def test_a_bad_mot_row_has_its_line(tmp_path: Path, row: str, message: str) -> None:
    truth = text(tmp_path / "MOT/gt/gt.txt", GT + row)
    (sequence,) = open_sequences(truth)
    assert len(sequence.rows) == 2
    assert [p.line for p in sequence.problems] == [3]
    with pytest.raises(DatasetError, match=rf"gt\.txt:3: .*{message}"):
        open_sequences(truth, strict=True)


def test_a_mot_file_that_counts_from_zero_is_refused_as_all_of_it_is_one_off(
    tmp_path: Path,
) -> None:
    truth = text(tmp_path / "MOT/gt/gt.txt", "0,1,1,1,5,5,1,1,1\n" + GT)
    with pytest.raises(DatasetError, match=r"gt\.txt:1: frames count from 1, got 0: add 1 to all"):
        open_sequences(truth)


def test_a_negative_visibility_is_not_known(tmp_path: Path) -> None:
    (sequence,) = open_sequences(text(tmp_path / "MOT/gt/gt.txt", "1,1,1,1,5,5,1,-1,-1,-1\n"))
    assert sequence.rows.visibility.tolist() == [1]


@pytest.mark.parametrize(
    ("ini", "message"),
    [("frameRate=5", "wanted .Sequence."), ("[Sequence]\nframeRate=fast", "'fast' is not a number"),
     ("[Sequence]\nseqLength=0", "seqLength: 0 is not above 0")],
)  # fmt: skip
def test_a_bad_seqinfo_is_named(tmp_path: Path, ini: str, message: str) -> None:
    text(tmp_path / "gt/gt.txt", GT)
    text(tmp_path / "seqinfo.ini", ini)
    with pytest.raises(DatasetError, match=rf"seqinfo\.ini.*{message}"):
        open_sequences(tmp_path)


def test_an_empty_truth_is_a_sequence_without_objects(tmp_path: Path) -> None:
    (sequence,) = open_sequences(text(tmp_path / "gt/gt.txt", ""))
    assert (len(sequence.rows), sequence.length) == (0, 0)


def test_a_json_file_beside_a_sequence_does_not_make_it_coco(tmp_path: Path) -> None:
    text(tmp_path / "gt" / "gt.txt", "1,1,10,10,20,20,1,3,1\n")
    text(tmp_path / "scene.json", "{}")
    assert guess_format(tmp_path) == "mot"


FRAMES = "1,7,0,0,8,8,1,1,1\n10,7,2,0,8,8,1,1,1\n11,7,3,0,8,8,1,1,1\n"


@pytest.mark.parametrize(
    ("names", "lefts"),
    [
        ([f"{number}.jpg" for number in range(1, 12)], {"1": 0, "10": 2, "11": 3}),
        (["000001.jpg", "000010.jpg", "000011.jpg"], {"000001": 0, "000010": 2, "000011": 3}),
        (["20240101.jpg", "20240109.jpg"], {"20240101": 0, "20240109": None}),  # dates: by place
        (["clip_10.jpg", "clip_11.jpg"], {"clip_10": None, "clip_11": None}),  # no gap: by place
    ],
)
def test_boxes_are_on_the_frames_that_pictures_are_numbered_for(
    tmp_path: Path, names: list[str], lefts: dict[str, int | None]
) -> None:
    text(tmp_path / "clip/gt/gt.txt", FRAMES)
    for name in names:
        picture(tmp_path / "clip/img1" / name)
    data = frames_dataset(open_sequences(tmp_path))
    shown = {image.path.stem: image.xyxy[:, 0].tolist() for image in data}
    assert {name: shown[name] for name in lefts if lefts[name] is not None} == {
        name: [left] for name, left in lefts.items() if left is not None
    }
    assert sum(map(len, shown.values())) == (1 if None in lefts.values() else 3)


def test_truth_whose_frames_the_pictures_leave_out_is_said(tmp_path: Path) -> None:
    text(tmp_path / "clip/gt/gt.txt", FRAMES)
    for name in ("000001.jpg", "000011.jpg"):
        picture(tmp_path / "clip/img1" / name)
    (sequence,) = open_sequences(tmp_path)
    assert sequence.length == 11
    told = [problem.message for problem in sequence.problems if "goes to frame" in problem.message]
    assert told == []
    assert any("1 frames of the truth have no picture" in p.message for p in sequence.problems)
