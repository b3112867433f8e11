from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datatypes import EventKind
from acme_tracker.errors import DatasetError
from acme_tracker.results.csv import COLUMNS, TracksCsv, read_tracks_csv
from tests.results.story import CLASSES, INFO, UNDATED, event, result, story, tell

HEADER = ",".join(COLUMNS)
ROW = "a.mp4,0,0.000,,1,car,1.00,2.00,3.00,4.00,0.5000,,,1"


def test_the_columns_are_those_that_were_promised() -> None:
    assert HEADER == (
        "source,frame_index,time_s,clock_time,track_id,class,left_px,top_px,width_px,height_px,"
        "score,confidence,quality,observed"
    )


def test_confirmed_tracks_only_and_unknown_values_are_empty(tmp_path: Path) -> None:
    tell(TracksCsv(tmp_path / "t.csv", INFO, CLASSES), story(), [event(EventKind.ENDED)])
    assert (tmp_path / "t.csv").read_text().splitlines() == [
        HEADER,
        '"road, north.mp4",0,0.000,2024-05-01T08:30:00.000Z,1,car,10.00,20.00,40.00,30.00,'
        "0.9000,,,1",
        '"road, north.mp4",2,0.080,2024-05-01T08:30:00.080Z,1,car,-1.00,20.00,40.00,30.00,'
        "0.9000,0.7500,11.50,0",
    ]


def test_the_clock_agrees_with_the_time_to_the_millisecond(tmp_path: Path) -> None:
    shots = [result(0, {}, time_s=0.0666667), result(1, {}, time_s=86399.9996)]
    tell(TracksCsv(tmp_path / "t.csv", INFO, CLASSES), shots)
    with (tmp_path / "t.csv").open(newline="") as text:
        rows = [(row["time_s"], row["clock_time"]) for row in csv.DictReader(text)]
    assert rows == [
        ("0.067", "2024-05-01T08:30:00.067Z"),
        ("86400.000", "2024-05-02T08:30:00.000Z"),
    ]


def test_an_unknown_start_leaves_the_clock_empty(tmp_path: Path) -> None:
    tell(TracksCsv(tmp_path / "t.csv", UNDATED, CLASSES), [result(3, {})])
    assert (tmp_path / "t.csv").read_text().splitlines()[1].startswith("road.mp4,3,0.120,,1,")


def test_a_tiny_negative_edge_is_not_written_as_minus_zero(tmp_path: Path) -> None:
    tell(TracksCsv(tmp_path / "t.csv", UNDATED, CLASSES), [result(0, {"xyxy": (-0.001, 0, 4, 4)})])
    assert "-0.00" not in (tmp_path / "t.csv").read_text()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    shots = [
        result(0, {"track_id": 7, "class_id": 1, "xyxy": (1.25, 2.5, 30.75, 40), "score": 0.25}),
        result(4, {"track_id": 7, "class_id": 1}, {"track_id": 9, "class_id": 0}),
    ]
    tell(TracksCsv(tmp_path / "t.csv", INFO, CLASSES), shots)
    rows, classes = read_tracks_csv(tmp_path / "t.csv")
    assert classes.names == ("bus", "car")
    assert rows.frame_index.tolist() == [0, 4, 4]
    assert rows.track_id.tolist() == [7, 7, 9]
    assert rows.class_id.tolist() == [0, 0, 1]
    assert rows.score[0] == 0.25
    np.testing.assert_allclose(rows.xyxy[0], (1.25, 2.5, 30.75, 40))
    assert rows.scored.all()


def test_a_run_without_tracks_is_read_as_no_rows(tmp_path: Path) -> None:
    tell(TracksCsv(tmp_path / "t.csv", INFO, CLASSES), [])
    rows, classes = read_tracks_csv(tmp_path / "t.csv")
    assert (len(rows), len(classes)) == (0, 0)


def test_columns_in_another_order_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "class,score,height_px,width_px,top_px,left_px,track_id,frame_index\r\n"
        "car,1,4,3,2,1,5,6\r\n\r\n",
        encoding="utf-8-sig",
    )
    rows, _ = read_tracks_csv(path)
    assert rows.xyxy.tolist() == [[1, 2, 4, 6]]
    assert (rows.track_id.tolist(), rows.frame_index.tolist()) == ([5], [6])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"t.csv:1: no column frame_index, track_id"),
        ("a,b\n1,2\n", r"t.csv:1: no column frame_index"),
        (f"{HEADER}\n{ROW}\na.mp4,1\n", r"t.csv:3: wanted 11 columns, got 2"),
        (f"{HEADER}\n{ROW.replace('1.00,', 'x,', 1)}\n", r"t.csv:2: .* left_px, got 'x'"),
        (f"{HEADER}\n{ROW.replace('4.00', 'inf')}\n", r"t.csv:2: .* height_px, got 'inf'"),
        (f"{HEADER}\n{ROW.replace('3.00', '-3')}\n", r"t.csv:2: .* at least 0, got -3 and 4"),
        (f"{HEADER}\n{ROW.replace(',0,', ',-1,', 1)}\n", r"t.csv:2: .* frame_index, got '-1'"),
    ],
)
def test_a_file_that_is_no_such_table_is_named_with_its_line(
    text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_tracks_csv(tmp_path / "t.csv")


def test_a_missing_and_a_binary_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cannot read .*none.csv: No such file"):
        read_tracks_csv(tmp_path / "none.csv")
    (tmp_path / "video.csv").write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(DatasetError, match=r"video.csv is not a text file"):
        read_tracks_csv(tmp_path / "video.csv")
