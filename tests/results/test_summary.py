from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from acme_tracker.datatypes import EventKind, LookReason
from acme_tracker.errors import OutputError
from acme_tracker.frames import SourceInfo
from acme_tracker.results.summary import RunSummary, TracksSummaryCsv, versions, write_report
from tests.results.story import CLASSES, INFO, UNDATED, event, looked, result, story, tell


def summary(info: SourceInfo = INFO, seconds: tuple[float, ...] = (0, 0, 2)) -> RunSummary:
    """A summary whose machine's clock shows these seconds."""
    names = {"detector": "motion", "visual_tracker": "dlib", "device": "cpu"}
    return RunSummary(info, CLASSES, names, {"a": 1, "path": Path("x")}, iter(seconds).__next__)


def test_a_track_has_its_row_when_it_ends_and_only_then(tmp_path: Path) -> None:
    shots = [result(0, events=(event(EventKind.CONFIRMED), event(EventKind.ENDED, 3)))]
    ends = [event(EventKind.ENDED, 1, class_id=1), event(EventKind.MERGED, 2, into=1)]
    tell(TracksSummaryCsv(tmp_path / "s.csv", INFO, CLASSES), shots, ends)
    with (tmp_path / "s.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["track_id"] for row in rows] == ["3", "1"]
    assert rows[1] == {
        "source": "road, north.mp4",
        "track_id": "1",
        "class": "bus",
        "first_frame": "0",
        "last_frame": "2",
        "first_time_s": "0.000",
        "last_time_s": "0.080",
        "first_clock_time": "2024-05-01T08:30:00.000Z",
        "last_clock_time": "2024-05-01T08:30:00.080Z",
        "duration_s": "0.080",
        "path_length_px": "12.3",
        "detections": "2",
        "first_left_px": "10.00",
        "first_top_px": "20.00",
        "first_width_px": "40.00",
        "first_height_px": "30.00",
        "last_left_px": "12.00",
        "last_top_px": "20.00",
        "last_width_px": "40.00",
        "last_height_px": "30.00",
    }


def test_the_run_is_added_up() -> None:
    run = summary()
    shots = [replace(shot, timings_ms={"detect": 3.0, "track": 1.5}) for shot in story()]
    tell(run, shots, [event(EventKind.ENDED)])
    report = run.report(warnings=["times rebuilt"], more_stages_ms={"decode": 6})
    assert report["frames"] == 3
    assert report["duration_s"] == 0.12
    assert (report["wall_s"], report["frames_per_second"]) == (2, 1.5)
    assert report["stages_ms"] == {
        "detect": {"mean": 3, "total": 9},
        "track": {"mean": 1.5, "total": 4.5},
        "decode": {"mean": 2, "total": 6},
    }
    assert report["detector_calls"] == {"total": 1, "by_reason": {"first frame": 1}}
    assert report["unique_tracks"] == {"total": 1, "by_class": {"car": 1}}
    assert report["warnings"] == ["times rebuilt"]
    assert (report["detector"], report["visual_tracker"], report["device"]) == (
        "motion",
        "dlib",
        "cpu",
    )


def test_a_track_counts_once_by_its_final_class_ended_or_not() -> None:
    run = summary()
    shots = [
        result(0, {"track_id": 1}, {"track_id": 2}, events=(event(EventKind.CONFIRMED, 2),)),
        result(1, {"track_id": 1, "class_id": 1}, {"track_id": 2}),
    ]
    tell(run, shots, [event(EventKind.ENDED, 2), event(EventKind.MERGED, 3, into=2)])
    assert run.report()["unique_tracks"] == {"total": 2, "by_class": {"car": 1, "bus": 1}}


def test_frames_that_are_missing_are_told_by_why() -> None:
    report = summary().report(dropped_frames=4, damaged_frames=1, undrawn_frames=2)
    told = [report[f"{why}_frames"] for why in ("dropped", "damaged", "undrawn")]
    assert told == [4, 1, 2]


def test_looks_are_counted_by_reason() -> None:
    run = summary()
    reasons = (LookReason.MAX_GAP, LookReason.SCENE_CUT, LookReason.MAX_GAP)
    tell(run, [result(i, **looked(reason)) for i, reason in enumerate(reasons)])
    calls = run.report()["detector_calls"]
    assert calls == {"total": 3, "by_reason": {"max gap": 2, "scene cut": 1}}


def test_a_pause_in_the_recording_does_not_lengthen_the_last_frame() -> None:
    run = summary(replace(UNDATED, frame_rate=0.1))  # in the mean
    tell(run, [result(index) for index in range(5)])
    assert run.report()["duration_s"] == 0.2


@pytest.mark.parametrize(("count", "duration_s"), [(0, 0), (1, 0), (5, 0.2)])
def test_without_a_frame_rate_the_duration_comes_from_the_times(
    count: int, duration_s: float
) -> None:
    run = summary(replace(UNDATED, frame_rate=None))
    tell(run, [result(index) for index in range(count)])
    assert run.report()["duration_s"] == duration_s


def test_an_empty_run_divides_by_nothing(tmp_path: Path) -> None:
    run = summary(seconds=(0, 0, 0))
    tell(run, [])
    report = run.report("failed: no frames")
    assert report["state"] == "failed: no frames"
    assert (report["frames"], report["frames_per_second"]) == (0, None)


def test_the_file_is_json_and_names_what_made_it(tmp_path: Path) -> None:
    run = summary()
    tell(run, story())
    write_report(tmp_path / "out" / "summary.json", run.report("interrupted"))
    report: dict[str, Any] = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert report["state"] == "interrupted"
    assert report["configuration"] == {"a": 1, "path": "x"}
    assert set(report["versions"]) == {
        *("acme_tracker", "python", "torch", "torchvision", "opencv", "openvino"),
        *("dlib", "av", "numpy"),
    }
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["summary.json"]


def test_versions_are_those_that_are_installed() -> None:
    import numpy as np

    assert versions()["numpy"] == np.__version__


def test_a_summary_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"^cannot write .*summary.json: "):
        write_report(tmp_path / "file" / "summary.json", {})


def test_memory_does_not_grow_with_tracks_that_have_ended() -> None:
    run = summary()
    with run:
        for index in range(2000):
            run.write(result(index, {"track_id": index + 1}))
            run.end([event(EventKind.ENDED, index + 1)])
    assert run.report()["unique_tracks"]["total"] == 2000
    assert len(run._alive) == 0


def test_a_clock_that_crosses_midnight_is_right(tmp_path: Path) -> None:
    assert INFO.started_at is not None
    late = replace(INFO, started_at=INFO.started_at + timedelta(hours=15.5, seconds=-0.04))
    tell(TracksSummaryCsv(tmp_path / "s.csv", late, CLASSES), [], [event(EventKind.ENDED)])
    row = (tmp_path / "s.csv").read_text().splitlines()[1]
    assert "2024-05-01T23:59:59.960Z,2024-05-02T00:00:00.040Z" in row
