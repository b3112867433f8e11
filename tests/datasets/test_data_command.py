from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acme_tracker.cli.data import app
from acme_tracker.datasets import open_dataset, open_sequences
from acme_tracker.errors import AcmeTrackerError, ConfigError, DatasetError
from tests.datasets.making import picture, text


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    text(root / "data.yaml", "train: images/train\nnames: [car, bus]\n")
    picture(root / "images/train/a [x].jpg", (100, 50))
    text(root / "labels/train/a [x].txt", "0 0.5 0.5 0.2 0.4\n1 2 2 2\n")
    return root


def run(*words: object) -> Result:
    """What a command prints, and its exit code; the errors that `main` would print are raised."""
    result = told(*words)
    if isinstance(result.exception, AcmeTrackerError):
        raise result.exception
    return result


def told(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def test_check_prints_what_it_understood_and_writes_a_montage(yolo: Path, tmp_path: Path) -> None:
    result = told("check", yolo, "--montage", tmp_path / "m.png")
    assert "1 images (train 1), 1 boxes" in result.output
    assert "1 errors (left out), 1 warnings" in result.output
    assert "Unlabelled, which is unknown and not background: car on 1, bus on 1" in result.output
    assert "a [x].txt:2: row must be" in result.output
    assert (tmp_path / "m.png").is_file()


def test_check_maps_classes_and_prints_json(yolo: Path) -> None:
    result = told("check", yolo, "--map", "car=vehicle,bus=vehicle", "--json")
    report = json.loads(result.stdout)
    assert [each["name"] for each in report["classes"]] == ["vehicle"]
    assert report["problems"][0]["line"] == 2


def test_check_fails_for_errors_and_strict_for_warnings_too(yolo: Path) -> None:
    with pytest.raises(DatasetError, match=r"^an error in the data: .*a \[x\]\.txt:2: row must be"):
        run("check", yolo, "--json")
    text(yolo / "labels/train/a [x].txt", "0 0.5 0.5 0.001 0.4\n")
    assert "0 errors (left out), 1 warnings" in run("check", yolo).output
    with pytest.raises(DatasetError, match="less than a pixel"):
        run("check", yolo, "--strict")


def test_errors_of_sequences_and_of_folders_by_class_fail_too(tmp_path: Path) -> None:
    text(tmp_path / "mot/gt/gt.txt", "1,1,10,20,30,40,1,3,1\n1,2\n2,3\n")
    for name in ("car/a.jpg", "loose.jpg"):
        picture(tmp_path / "folders" / name)
    for name, said in (("mot", "2 errors in the data, the first: "), ("folders", "in no class")):
        with pytest.raises(DatasetError, match=said):
            run("check", tmp_path / name)


def test_strict_raises_the_first_problem(yolo: Path) -> None:
    with pytest.raises(DatasetError, match=r"a \[x\]\.txt:2: row must be"):
        run("check", yolo, "--strict")


def test_convert_writes_what_check_reads(yolo: Path, tmp_path: Path) -> None:
    result = run("convert", yolo, "--to", "coco", "--out", tmp_path / "out", "--map", "bus=")
    assert result.exit_code == 0
    assert "Wrote coco: 1 images, 1 boxes" in result.output
    back = open_dataset(tmp_path / "out")
    assert (back.classes.names, len(back.boxes)) == (("car",), 1)


def test_sequences_are_checked_and_converted(tmp_path: Path) -> None:
    text(tmp_path / "in/MOT-1/gt/gt.txt", "1,1,10,20,30,40,1,3,1\n2,1,10,20,30,40,0,3,1\n")
    picture(tmp_path / "in/MOT-1/img1/1.jpg")
    (described,) = json.loads(run("check", tmp_path / "in", "--json").stdout)
    assert (described["boxes"], described["ignored"], described["tracks"]) == (1, 1, 1)
    assert described["classes"] == {"car": 1}
    assert run("check", tmp_path / "in", "--montage", tmp_path / "m.png").exit_code == 0
    words = ("--map", "car=vehicle", "--copy-images")
    run("convert", tmp_path / "in", "--to", "mot", "--out", tmp_path / "out", *words)
    (back,) = open_sequences(tmp_path / "out")
    assert back.classes.names[back.rows.class_id[0]] == "vehicle"
    assert (tmp_path / "out/MOT-1/img1/1.jpg").is_file()
    with pytest.raises(ConfigError, match="no splits"):
        run("check", tmp_path / "in", "--split", "train")


def test_folders_by_class_are_counted(tmp_path: Path) -> None:
    picture(tmp_path / "car/a.jpg")
    assert "car" in run("check", tmp_path).output
    with pytest.raises(ConfigError, match="--montage"):
        run("check", tmp_path, "--montage", tmp_path / "m.png")


def test_a_map_is_for_all_sequences_together(tmp_path: Path) -> None:
    for number in (1, 3):
        text(tmp_path / f"in/s{number}/gt/gt.txt", f"1,1,1,1,5,5,1,{number},1\n")
    words = ("convert", tmp_path / "in", "--to", "mot", "--out", tmp_path / "out")
    assert run(*words, "--map", "class_1=car,class_3=truck").exit_code == 0
    used = [s.classes.names[s.rows.class_id[0]] for s in open_sequences(tmp_path / "out")]
    assert used == ["car", "truck"]
    with pytest.raises(ConfigError, match="--map: unknown class 'class_9'; did you mean"):
        run(*words[:-1], tmp_path / "other", "--map", "class_9=car")
