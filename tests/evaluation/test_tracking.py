from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datatypes import TrackRows
from acme_tracker.errors import ConfigError, DatasetError
from acme_tracker.evaluation.tracking import evaluate_tracking, read_pairs
from acme_tracker.results.csv import COLUMNS
from tests.metrics.recipes import crossing_traffic, make, mot_lines, rows

NAMES = ("car", "bus", "truck")  # of the class numbers 1, 2, 3 in the files


def write_truth(folder: Path, truth: TrackRows, names: tuple[str, ...] = NAMES) -> None:
    (folder / "gt").mkdir(parents=True)
    np.savetxt(folder / "gt" / "gt.txt", mot_lines(truth)[:, :9], "%.9g", ",")
    (folder / "gt" / "labels.txt").write_text("\n".join(names) + "\n")


def write_mot(path: Path, result: TrackRows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, mot_lines(result), "%.9g", ",")


def write_csv(path: Path, result: TrackRows, names: tuple[str, ...] = NAMES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(COLUMNS)]
    for row in mot_lines(result).tolist():
        box = ",".join(f"{value:.9g}" for value in row[2:6])
        name = names[int(row[7]) - 1]
        lines.append(f"a.mp4,{int(row[0]) - 1},0,,{int(row[1])},{name},{box},1,,,1")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def truth() -> TrackRows:
    return crossing_traffic()


def test_a_folder_of_sequences_gives_a_row_each_and_the_total(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b")):
        truth = crossing_traffic(seed)
        write_truth(tmp_path / "truth" / name, truth)
        write_mot(tmp_path / "tracks" / f"{name}.txt", make("messy", truth))
    report = evaluate_tracking(read_pairs(tmp_path / "truth", tmp_path / "tracks"))
    first, second = report.sequences
    assert [row.name for row in report.sequences] == ["a", "b"]
    assert report.total.scores.clear.switches == (
        first.scores.clear.switches + second.scores.clear.switches
    )
    assert report.total.scores.truth_boxes == first.scores.truth_boxes + second.scores.truth_boxes
    assert report.total.by_class == {}  # MOT files say no classes


@pytest.mark.parametrize("truth_at", ["", "a", "a/gt/gt.txt"])
def test_truth_may_be_a_folder_of_sequences_one_of_them_or_its_file(
    tmp_path: Path, truth_at: str, truth: TrackRows
) -> None:
    write_truth(tmp_path / "truth" / "a", truth)
    write_mot(tmp_path / "result.txt", make("perfect", truth))
    report = evaluate_tracking(read_pairs(tmp_path / "truth" / truth_at, tmp_path / "result.txt"))
    assert report.total.scores.figures()["HOTA"] == pytest.approx(100)


@pytest.mark.parametrize("place", ["a/tracks.csv", "a.csv", "tracks.csv"])
def test_tracks_csv_is_scored_by_class_wherever_it_lies(
    tmp_path: Path, place: str, truth: TrackRows
) -> None:
    write_truth(tmp_path / "truth" / "a", truth)
    write_csv(tmp_path / "tracks" / place, make("perfect", truth))
    (row,) = evaluate_tracking(read_pairs(tmp_path / "truth", tmp_path / "tracks")).sequences
    assert set(row.by_class) == set(NAMES)
    for scores in row.by_class.values():
        assert scores.figures()["HOTA"] == pytest.approx(100)
    assert sum(s.truth_boxes for s in row.by_class.values()) == row.scores.truth_boxes


def test_wrong_classes_lower_only_the_scores_by_class(tmp_path: Path, truth: TrackRows) -> None:
    write_truth(tmp_path / "a", truth)
    write_csv(tmp_path / "result.csv", make("perfect", truth), ("car", "car", "truck"))
    total = evaluate_tracking(read_pairs(tmp_path / "a", tmp_path / "result.csv")).total
    assert total.scores.figures()["HOTA"] == pytest.approx(100)
    assert total.by_class["truck"].figures()["HOTA"] == pytest.approx(100)
    assert total.by_class["bus"].figures()["HOTA"] == 0
    assert total.by_class["car"].figures()["FP"] > 0


def test_a_result_that_only_knows_vehicles_is_scored_as_such(
    tmp_path: Path, truth: TrackRows
) -> None:
    write_truth(tmp_path / "a", truth)
    write_csv(tmp_path / "result.csv", make("perfect", truth), ("vehicle",) * 3)
    total = evaluate_tracking(read_pairs(tmp_path / "a", tmp_path / "result.csv")).total
    assert list(total.by_class) == ["vehicle"]
    assert total.by_class["vehicle"].figures()["HOTA"] == pytest.approx(100)


def test_a_map_brings_class_names_together(tmp_path: Path, truth: TrackRows) -> None:
    write_truth(tmp_path / "a", truth, ("auto", "bus", "lorry"))
    write_csv(tmp_path / "result.csv", make("perfect", truth))
    paths = (tmp_path / "a", tmp_path / "result.csv")
    names = {"auto": "car", "lorry": "truck"}
    total = evaluate_tracking(read_pairs(*paths, names)).total
    assert {n: round(s.figures()["HOTA"]) for n, s in total.by_class.items()} == dict.fromkeys(
        ("car", "bus", "truck"), 100
    )
    with pytest.raises(ConfigError, match="'lory'; did you mean 'lorry'"):
        read_pairs(*paths, {"lory": "truck"})


def test_without_a_class_in_common_there_is_nothing_by_class(
    tmp_path: Path, truth: TrackRows
) -> None:
    write_truth(tmp_path / "a", truth, ("x", "y", "z"))
    write_csv(tmp_path / "result.csv", make("perfect", truth))
    total = evaluate_tracking(read_pairs(tmp_path / "a", tmp_path / "result.csv")).total
    assert total.by_class == {}


def test_a_missing_result_says_what_was_looked_for(tmp_path: Path, truth: TrackRows) -> None:
    write_truth(tmp_path / "truth" / "a", truth)
    (tmp_path / "tracks").mkdir()
    with pytest.raises(DatasetError, match=r"for sequence a; looked for a/tracks\.csv, a\.csv"):
        read_pairs(tmp_path / "truth", tmp_path / "tracks")
    with pytest.raises(DatasetError, match="no such file or folder"):
        read_pairs(tmp_path / "truth", tmp_path / "nowhere")


def test_one_result_does_not_do_for_two_sequences(tmp_path: Path, truth: TrackRows) -> None:
    for name in "ab":
        write_truth(tmp_path / "truth" / name, truth)
    write_mot(tmp_path / "result.txt", make("perfect", truth))
    with pytest.raises(DatasetError, match=r"one result, but the truth has 2 sequences \(a, b\)"):
        read_pairs(tmp_path / "truth", tmp_path / "result.txt")


def test_two_sequences_of_one_name_do_not_share_a_result(tmp_path: Path, truth: TrackRows) -> None:
    for camera in ("north", "south"):
        write_truth(tmp_path / "truth" / camera / "clip", truth)
    write_csv(tmp_path / "tracks" / "clip.csv", truth)
    with pytest.raises(DatasetError, match="two sequences are called clip"):
        read_pairs(tmp_path / "truth", tmp_path / "tracks")


def test_twins_are_reported_with_their_sequence(tmp_path: Path, truth: TrackRows) -> None:
    write_truth(tmp_path / "crossing", truth)
    write_mot(tmp_path / "result.txt", rows([4, 4], [1, 1], [[0, 0, 9, 9]] * 2))
    pairs = read_pairs(tmp_path / "crossing", tmp_path / "result.txt")
    with pytest.raises(DatasetError, match=r"crossing: .* track 1 of the result has 2 on frame 4"):
        evaluate_tracking(pairs)


def test_the_report_goes_through_json(tmp_path: Path, truth: TrackRows) -> None:
    write_truth(tmp_path / "a", truth)
    write_csv(tmp_path / "result.csv", make("messy", truth))
    report = evaluate_tracking(read_pairs(tmp_path / "a", tmp_path / "result.csv"), 200.0)
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["ignore_above_px"] == 200
    assert told["sequences"]["a"]["HOTA"] == told["total"]["HOTA"] > 0
    assert set(told["total"]["by_class"]) == set(NAMES)
