"""`evaluate run` and `evaluate following` on a tiny sequence, from the words to the tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acme_tracker.cli import main
from acme_tracker.cli.evaluate import app
from tests.evaluation.gliding import write_gliding

WIDE = {"COLUMNS": "200"}
run = CliRunner().invoke


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Long enough for the motion detector to warm up and then to see."""
    folder = tmp_path_factory.mktemp("data")
    write_gliding(folder / "a", 24)
    write_gliding(folder / "b", 24)
    return str(folder)


def words_of(line: str) -> list[str]:
    return [word for word in line.replace(",", " ").split() if word]


def test_run_compares_every_combination(data: str, tmp_path: Path) -> None:
    words = ["run", "--data", data, "--detector", "motion"]
    words += ["--visual-tracker", "flow", "--visual-tracker", "kalman"]
    words += ["--every", "1", "--every", "policy", "--out", str(tmp_path / "out")]
    result = run(app, words, env=WIDE)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].strip() == "motion"
    rows = [line for line in lines if line.strip().startswith(("flow", "kalman"))]
    assert [words_of(row)[:2] for row in rows] == [
        ["flow", "every"],
        ["flow", "policy"],
        ["kalman", "every"],
        ["kalman", "policy"],
    ]
    hota = [float(words_of(row)[3 if "every" in row else 2]) for row in rows]
    assert hota[0] > 20  # it sees what moves once it has warmed up
    assert any(row.rstrip().endswith("*") for row in rows)
    with (tmp_path / "out" / "run.csv").open(encoding="utf-8", newline="") as text:
        table = list(csv.DictReader(text))
    assert [row["sequence"] for row in table] == ["a", "b", "total"] * 4
    assert float(table[2]["HOTA"]) == pytest.approx(hota[0], abs=0.06)
    assert (tmp_path / "out" / "front.png").is_file()


def test_run_shows_sequences_and_oracles_when_asked(data: str) -> None:
    words = ["run", "--data", data, "--detector", "motion", "--every", "1", "--by-sequence"]
    words.append("--oracle")
    result = run(app, [*words, "--set", "visual_tracker.name=kalman"], env=WIDE)
    assert result.exit_code == 0, result.output
    starts = [words_of(line)[:2] for line in result.stdout.splitlines()[5:] if line.strip()]
    assert [start[0] for start in starts] == [
        "total",
        "a",
        "b",
        "truth",
        "a",
        "b",
        "ideal",
        "a",
        "b",
    ]
    assert words_of(result.stdout.split("truth boxes")[1])[0] == "100.0"


def test_run_prints_one_json_object(data: str) -> None:
    words = ["run", "--data", f"{data}/a", "--every", "2", "--oracle", "--json"]
    told = json.loads(run(app, [*words, "--map", "car=vehicle"]).stdout)
    plain, boxes, ids = told["settings"]
    assert plain["every"] == "2"
    assert plain["total"]["looks_per_frame"] == 0.5
    assert plain["undominated"] is True
    assert boxes["oracle"] == "truth boxes"
    assert boxes["total"]["cpu_ms_per_frame"] is None
    assert ids["sequences"]["a"]["HOTA"] >= plain["sequences"]["a"]["HOTA"]


def test_run_does_what_track_writes_and_evaluate_tracking_reads(data: str, tmp_path: Path) -> None:
    settings = ["--set", "redetection.every_frames=1", "--set", "visual_tracker.name=flow"]
    out = tmp_path / "tracks"
    tracked = run(main.app, ["track", f"{data}/a/img1", "-o", str(out), "--no-video", *settings])
    assert tracked.exit_code == 0, tracked.output
    file = str(out / "a" / "tracks.mot.txt")
    words = ["tracking", "--truth", f"{data}/a", "--tracks", file, "--json"]
    read = json.loads(run(app, words).stdout)["total"]
    (own,) = json.loads(run(app, ["run", "--data", f"{data}/a", "--json", *settings]).stdout)[
        "settings"
    ]
    for name in ("HOTA", "MOTA", "IDF1", "IDSW", "FP", "FN"):
        assert own["total"][name] == pytest.approx(read[name], abs=0.05), name


def test_pictures_count_by_their_numbers_where_some_are_left_out(tmp_path: Path) -> None:
    folder = write_gliding(tmp_path / "a", 24)
    for picture in sorted((folder / "img1").iterdir()):
        if int(picture.stem) % 3 != 1:
            picture.unlink()
    truth = folder / "gt" / "gt.txt"
    lines = [line for line in truth.read_text().splitlines() if int(line.split(",")[0]) % 3 == 1]
    truth.write_text("\n".join(lines) + "\n")
    settings = ["--set", "redetection.every_frames=1", "--set", "visual_tracker.name=flow"]
    words = ["run", "--data", str(folder), "--oracle", "--json", *settings]
    own, boxes, _ = json.loads(run(app, words).stdout)["settings"]
    assert boxes["total"]["HOTA"] == pytest.approx(100)
    words = ["track", str(folder), "-o", str(tmp_path / "out"), "--no-video", *settings]
    assert run(main.app, words).exit_code == 0
    file = str(tmp_path / "out" / "a" / "tracks.mot.txt")
    words = ["tracking", "--truth", str(folder), "--tracks", file, "--json"]
    read = json.loads(run(app, words).stdout)["total"]
    for name in ("HOTA", "FP", "FN"):
        assert own["total"][name] == pytest.approx(read[name], abs=0.05), name
    words = ["following", "--data", str(folder), "--frames", "9", "--starts", "3", "--json"]
    told = json.loads(run(app, [*words, "--visual-tracker", "kalman"]).stdout)
    assert told["visual_trackers"]["kalman"]["total"]["targets"] == 6


def test_following_prints_a_row_a_tracker_and_draws(data: str, tmp_path: Path) -> None:
    words = ["following", "--data", data, "--visual-tracker", "flow", "--visual-tracker", "kalman"]
    words += ["--frames", "5,10", "--starts", "2", "--by-sequence", "--out", str(tmp_path)]
    result = run(app, words, env=WIDE)
    assert result.exit_code == 0, result.output
    rows = [words_of(line) for line in result.stdout.splitlines() if line.strip()]
    assert [row[0] for row in rows[-7:]] == ["flow", "a", "b", "kalman", "a", "b", "wrote"]
    assert (tmp_path / "reliability.png").is_file()


def test_following_prints_one_json_object(data: str, tmp_path: Path) -> None:
    words = ["following", "--data", data, "--frames", "5", "--visual-tracker", "kalman", "--json"]
    told = json.loads(run(app, [*words, "--out", str(tmp_path)]).stdout)
    kalman = told["visual_trackers"]["kalman"]
    assert told["frames"] == [5]
    assert 0 < kalman["total"]["iou_5"] < 1
    assert kalman["total"]["ECE"] is None
    assert kalman["total"]["targets"] == sum(s["targets"] for s in kalman["sequences"].values())
    assert not list(tmp_path.iterdir())  # no confidence, no picture


def test_a_picture_that_cannot_be_read_is_a_warning_and_missed(tmp_path: Path) -> None:
    folder = write_gliding(tmp_path / "a", 12)
    (folder / "img1" / "000005.png").write_bytes(b"no picture")
    words = ["run", "--data", str(folder), "--every", "1", "--oracle", "--json"]
    result = run(app, words)
    assert "warning: " in result.stderr
    assert "000005.png cannot be read" in result.stderr
    boxes = json.loads(result.stdout)["settings"][1]
    assert (boxes["oracle"], boxes["total"]["FN"]) == ("truth boxes", 2)


def test_the_tables_are_legible_on_80_columns(data: str) -> None:
    narrow = {"COLUMNS": "80"}
    words = ["run", "--data", data, "--every", "1", "--every", "policy", "--by-sequence"]
    assert "…" not in run(app, words, env=narrow).stdout
    words = ["following", "--data", data, "--starts", "1", "--by-sequence"]
    assert "…" not in run(app, words, env=narrow).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--every", "often"], "--every wants a number of frames or 'policy', got 'often'"),
        (["run", "--every", "0"], "redetection.every_frames in --set or a flag: input should be"),
        (["run", "--visual-tracker", "flwo"], "no visual tracker 'flwo'; did you mean 'flow'?"),
        (["run", "--detector", "gone.yaml"], "cannot read detector card gone.yaml"),
        (["run", "--set", "lifecycle.lost=3"], "unknown key 'lifecycle.lost'"),
        (["run", "--map", "lorry=truck"], "--map: unknown class 'lorry'; known: bicycle, "),
        (["following", "--frames", "15,x"], "--frames wants numbers of frames such as 15,30,60"),
        (["following", "--frames", "0"], "--frames wants numbers of frames such as 15,30,60"),
        (["following", "--visual-tracker", "x"], "there is no visual tracker 'x'"),
    ],
)
def test_errors_are_one_line(
    data: str,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["acme-tracker", "evaluate", *words, "--data", data])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
