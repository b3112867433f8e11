"""The command as its user runs it, mostly in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acme_tracker.cli import main, track
from tests.fakes import ScriptedDetector

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "sample_videos" / "drawn_crossing" / "video.mp4"
RESULTS = ("tracks.csv", "tracks.mot.txt", "tracks.jsonl", "tracks_summary.csv")
FAST = ("--detector", "motion", "--visual-tracker", "kalman", "--set", "output.preset=ultrafast")


def environment() -> dict[str, str]:
    """Without a display, whatever the machine has."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    return {key: value for key, value in os.environ.items() if key not in hidden}


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "acme_tracker", *map(str, words)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )


def run_here(*words: str | Path) -> int:
    """In this process, for what ends before a frame is read; the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["acme-tracker", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main.run()
    return int(ended.value.code or 0)


def frames_of(path: Path) -> int:
    import av

    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))


def one_line(text: str) -> str:
    (line,) = text.strip().splitlines()
    return line


def test_results_agree_with_each_other_and_with_the_video(tmp_path: Path) -> None:
    done = run(
        "track", CLIP, "-o", tmp_path, "--duration", "4", "--start-time", "2026-05-03T14:30Z"
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "video"
    assert frames_of(folder / "annotated.mp4") == 100
    with (folder / "tracks.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    mot = [line.split(",") for line in (folder / "tracks.mot.txt").read_text().splitlines()]
    assert [(int(r["frame_index"]) + 1, int(r["track_id"])) for r in rows] == [
        (int(frame), int(track)) for frame, track, *_ in mot
    ]
    frames = [json.loads(line) for line in (folder / "tracks.jsonl").read_text().splitlines()]
    assert len(frames) == 100
    assert sum(len(frame["tracks"]) for frame in frames) == len(rows) > 0
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["device"] == "cpu"
    assert summary["state"] == "complete"
    assert summary["detector_calls"]["total"] == sum(frame["look"] is not None for frame in frames)
    assert summary["unique_tracks"]["total"] == len({row["track_id"] for row in rows})
    assert summary["configuration"]["source"]["duration_s"] == 4.0
    assert rows[0]["clock_time"].startswith("2026-05-03T14:30:0")
    with (folder / "tracks_summary.csv").open() as lines:
        assert {r["track_id"] for r in csv.DictReader(lines)} == {r["track_id"] for r in rows}


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("track", CLIP, "-o", tmp_path / name, "--duration", "3").returncode == 0
    for result in RESULTS:
        first, second = ((tmp_path / name / "video" / result).read_bytes() for name in "ab")
        assert first == second, result


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_run_with_every_file_whole(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    rows = tmp_path / "video" / "tracks.csv"
    process = start_and_wait_for_rows(tmp_path, rows)
    process.send_signal(number)
    assert process.wait(60) == code
    folder = tmp_path / "video"
    frames = [json.loads(line) for line in (folder / "tracks.jsonl").read_text().splitlines()]
    assert frames_of(folder / "annotated.mp4") == len(frames) > 0
    assert json.loads((folder / "summary.json").read_text())["state"] == "interrupted"
    ended = (folder / "tracks_summary.csv").read_text().splitlines()
    ids = {line.split(",")[4] for line in rows.read_text().splitlines()[1:]}
    assert len(ended) - 1 == len(ids)


def test_a_kill_leaves_whole_rows_and_a_video_that_opens(tmp_path: Path) -> None:
    rows = tmp_path / "video" / "tracks.csv"
    process = start_and_wait_for_rows(tmp_path, rows, least=300)
    process.kill()
    process.wait(60)
    columns = rows.read_text().splitlines()[0].count(",")
    text = rows.read_text()
    assert text.endswith("\n")
    assert {line.count(",") for line in text.splitlines()} == {columns}
    assert frames_of(tmp_path / "video" / "annotated.mp4") > 25


def start_and_wait_for_rows(out: Path, rows: Path, least: int = 30) -> subprocess.Popen[bytes]:
    """A run over the clip that has written some rows."""
    # In the background of a shell SIGINT is ignored, under nohup SIGHUP, which children inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    process = subprocess.Popen(
        [sys.executable, "-m", "acme_tracker", "track", CLIP, "-o", out, *FAST],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not (rows.exists() and rows.read_text().count("\n") > least):
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < until
        time.sleep(0.002)
    return process


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "empty"),
        (b"these are not pictures" * 99, "as a video"),
    ],
)
def test_what_is_no_video_gets_one_line_and_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, message: str
) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    assert run_here("track", path, "-o", tmp_path / "out") == 2
    line = one_line(capsys.readouterr().err)
    assert line.startswith("error: ")
    assert "clip.mp4" in line
    assert message in line.lower()
    assert not (tmp_path / "out").exists()


def test_a_broken_source_does_not_keep_the_others_from_their_turn(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no" * 999)
    done = run("track", broken, CLIP, "-o", tmp_path / "out", "--duration", "1", *FAST)
    assert done.returncode == 2
    assert frames_of(tmp_path / "out" / "video" / "annotated.mp4") == 25


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--detector", "motoin"), "did you mean 'motion'?"),
        (("--detector", "torchvision:fasterrcnn"), "did you mean 'fasterrcnn_"),
        (("--visual-tracker", "flwo"), "did you mean 'flow'?"),
        (("--classes", "bicicle"), "did you mean 'bicycle'?"),
        (("--device", "tpu"), "detector.device in --set or a flag"),
        (("--score", "1.5"), "detector.score in --set or a flag"),
        (("--set", "redetection.max_gap=1"), "did you mean 'max_gap_s'?"),
        (("--config", "none.yaml"), "cannot read configuration none.yaml"),
        (("--duration", "0"), "source.duration_s in --set or a flag"),
        (("--start-time", "9999-12-31T23:59:59"), "between 1900 and 2200"),
    ],
)
def test_a_wrong_word_gets_one_line_that_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run_here("track", CLIP, "-o", tmp_path / "out", *words) == 2
    assert said in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_cameras_run_beside_recordings_and_fail_by_themselves(tmp_path: Path) -> None:
    done = run("track", "camera:98", CLIP, "camera:99", "-o", tmp_path, *FAST)
    assert done.returncode == 2
    said = sorted(done.stderr.strip().splitlines())
    assert ["camera 98 gives no picture" in said[0], "camera 99" in said[1]] == [True, True]
    assert [folder.name for folder in tmp_path.iterdir()] == [CLIP.stem]
    assert frames_of(tmp_path / CLIP.stem / "annotated.mp4") > 0


def test_on_a_gpu_cameras_share_a_detector_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class OnGpu(ScriptedDetector):
        device = "cuda"

    monkeypatch.setattr(track, "open_detector", lambda _: OnGpu([]))
    monkeypatch.setattr(track, "track_apart", lambda *_: pytest.fail("in another process"))
    assert run_here("track", "camera:98", "camera:99", "-o", tmp_path) == 2
    assert capsys.readouterr().err.count("gives no picture") == 2


def test_a_wrong_word_beside_others_fails_before_any_file_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("track", CLIP, "ftp://host/x.mp4", "-o", tmp_path / "out") == 2
    assert "no source speaks ftp" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_window_shows_one_source_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = "rtsp://user:secret@camera/one"
    assert run_here("track", address, CLIP, "--show", "-o", tmp_path / "out") == 2
    assert "--show wants one source at a time, got 2" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("in the way")
    assert run_here("track", CLIP, "-o", tmp_path / "out", *FAST) == 2
    assert "cannot make the folder" in one_line(capsys.readouterr().err)


def test_without_a_display_show_says_so_and_goes_on(tmp_path: Path) -> None:
    done = run("track", CLIP, "-o", tmp_path, "--duration", "1", "--show", *FAST)
    assert done.returncode == 0
    assert "no display" in one_line(done.stderr)
    assert frames_of(tmp_path / "video" / "annotated.mp4") == 25


def test_no_video_writes_none(tmp_path: Path) -> None:
    assert run("track", CLIP, "-o", tmp_path, "--duration", "1", "--no-video").returncode == 0
    names = sorted(path.name for path in (tmp_path / "video").iterdir())
    assert names == sorted([*RESULTS, "summary.json"])


@pytest.mark.parametrize("word", ["rtsp:/admin:s3cret@cam", "admin:s3cret@cam/1"])
def test_a_mistyped_address_keeps_its_password_to_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert run_here("track", word, "-o", tmp_path) == 2
    assert "s3cret" not in capsys.readouterr().err


def test_a_file_name_that_is_no_text_is_spelled_out(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    Path(os.fsdecode(odd)).write_bytes(CLIP.read_bytes())
    done = run("track", os.fsdecode(odd), "-o", tmp_path / "out", "--duration", "1", *FAST)
    assert done.returncode == 0, done.stderr
    (rows,) = (tmp_path / "out").glob("*/tracks.jsonl")
    assert len(rows.read_text().splitlines()) == 25


def test_a_password_is_in_no_output_and_no_file_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "rtsp://operator:s3cret@127.0.0.1:9/street?token=t0ken"
    assert run_here("track", url, "-o", tmp_path) == 2
    said = capsys.readouterr()
    assert "127.0.0.1" in said.err
    for secret in ("s3cret", "t0ken"):
        assert secret not in said.out + said.err
        assert not any(secret in str(path) for path in tmp_path.rglob("*"))


def test_the_effective_configuration_can_be_shown_and_used_again(tmp_path: Path) -> None:
    shown = run("config", "show", "--set", "lifecycle.lost_s=3")
    assert shown.returncode == 0
    path = tmp_path / "mine.yaml"
    path.write_text(shown.stdout)
    again = run("config", "show", "--config", path)
    assert again.stdout == shown.stdout
    assert "lost_s: 3.0" in shown.stdout


def test_the_doctor_and_the_list_of_models_answer() -> None:
    doctor = run("doctor")
    assert doctor.returncode == 0
    for part in ("CUDA", "OpenVINO", "display", "codecs", "cameras"):
        assert part in doctor.stdout
    models = run("models")
    assert models.returncode == 0
    assert "motion" in models.stdout
    assert "torchvision:" in models.stdout
