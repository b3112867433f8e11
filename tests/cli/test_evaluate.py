from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acme_tracker.cli.evaluate import app, detection
from acme_tracker.config import DetectorSettings
from acme_tracker.errors import DatasetError
from tests.evaluation.scenes import ByHeart, answers, write_yolo
from tests.evaluation.test_tracking import write_csv, write_mot, write_truth
from tests.metrics.recipes import crossing_traffic, make

run = CliRunner().invoke
WIDE = {"COLUMNS": "200"}


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    truth = crossing_traffic()
    write_truth(tmp_path / "truth" / "a", truth)
    write_csv(tmp_path / "tracks" / "a" / "tracks.csv", make("messy", truth))
    return tmp_path


def test_tracking_prints_a_row_a_sequence_the_total_and_the_classes(traffic: Path) -> None:
    words = ["tracking", "--truth", str(traffic / "truth"), "--tracks", str(traffic / "tracks")]
    result = run(app, words, env=WIDE)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert lines[1] == ["HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag", "FP", "FN"]
    starts = [line[0] for line in lines]
    assert starts.index("a") < starts.index("total")
    assert [line[:2] for line in lines].count(["total", "bus"]) == 1


def test_tracking_prints_one_json_object_and_draws_a_timeline(traffic: Path) -> None:
    words = ["tracking", "--truth", str(traffic / "truth"), "--tracks", str(traffic / "tracks")]
    result = run(app, [*words, "--json", "--ignore-above-px", "100", "--out", str(traffic / "o")])
    told = json.loads(result.stdout)
    assert told["ignore_above_px"] == 100
    assert 0 < told["total"]["HOTA"] < 100
    assert (traffic / "o" / "timeline.png").is_file()


def test_what_of_the_truth_could_not_be_read_is_said_even_beside_json(traffic: Path) -> None:
    with (traffic / "truth/a/gt/gt.txt").open("a") as truth:
        truth.write("1,2,3\n")
    words = ["tracking", "--truth", str(traffic / "truth"), "--tracks", str(traffic / "tracks")]
    result = run(app, [*words, "--json"])
    assert json.loads(result.stdout)["total"]
    assert "warning: a problem in the data: " in result.stderr
    assert "got 3 values" in " ".join(result.stderr.split())


def test_tracking_says_why_there_is_nothing_by_class(tmp_path: Path) -> None:
    truth = crossing_traffic()
    write_truth(tmp_path / "a", truth, ("x", "y", "z"))
    write_csv(tmp_path / "tracks.csv", make("perfect", truth))
    words = ["tracking", "--truth", str(tmp_path / "a"), "--tracks", str(tmp_path / "tracks.csv")]
    result = run(app, words, env=WIDE)
    assert "not scored by class: the truth has x, y, z; the tracks have car, " in result.output


def test_errors_reach_the_main_command(tmp_path: Path) -> None:
    write_mot(tmp_path / "result.txt", crossing_traffic())
    words = ["tracking", "--truth", str(tmp_path), "--tracks", str(tmp_path / "result.txt")]
    assert isinstance(run(app, words).exception, DatasetError)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[DetectorSettings]:
    """In place of the registry: a detector that misses one box; keeps what it was opened with."""
    opened: list[DetectorSettings] = []

    def open_scripted(settings: DetectorSettings) -> ByHeart:
        opened.append(settings)
        return ByHeart(answers(missing=1))

    monkeypatch.setattr(detection, "open_detector", open_scripted)
    return opened


def test_detection_prints_a_row_a_class_and_writes_pictures(
    tmp_path: Path, scripted: list[DetectorSettings]
) -> None:
    data = write_yolo(tmp_path / "data")
    words = ["detection", "--data", str(data), "--detector", "yolox-nano"]
    result = run(app, [*words, "--out", str(tmp_path / "out")], env=WIDE)
    assert result.exit_code == 0, result.output
    rows = {
        line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()
    }
    assert rows["bus"][:3] == ["100.0"] * 3
    assert rows["car"][6:] == ["100.0", "50.0", "2"]
    assert "3 images" in result.stdout
    assert "score >= 0.25" in result.stdout
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
    assert [settings.score for settings in scripted] == [0.01, 0.25]  # to score, and to time


def test_detection_prints_one_json_object(tmp_path: Path, scripted: list[DetectorSettings]) -> None:
    data = write_yolo(tmp_path / "data")
    words = ["detection", "--data", str(data), "--detector", "torchvision:x", "--score", "0.7"]
    told = json.loads(run(app, [*words, "--json", "--map", "car=vehicle,bus=vehicle"]).stdout)
    assert told["working_score"] == 0.7
    assert list(told["by_class"]) == ["vehicle"]
    assert told["all"]["recall"] == pytest.approx(200 / 3)


def test_the_tables_are_legible_on_80_columns(traffic: Path) -> None:
    words = ["tracking", "--truth", str(traffic / "truth"), "--tracks", str(traffic / "tracks")]
    assert "…" not in run(app, words, env={"COLUMNS": "80"}).stdout
