from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acme_tracker.datatypes import EventKind, LookReason
from acme_tracker.results.jsonl import FramesJsonl
from tests.results.story import CLASSES, INFO, UNDATED, event, looked, result, story, tell


def read(path: Path) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]


def test_every_frame_is_one_object_and_unknown_values_are_null(tmp_path: Path) -> None:
    tell(FramesJsonl(tmp_path / "t.jsonl", INFO, CLASSES), story())
    first, empty, last = read(tmp_path / "t.jsonl")
    assert first["look"] == {
        "reason": "first frame",
        "frame_index": 0,
        "regions": None,
        "detections": 1,
    }
    assert first["tracks"] == [
        {
            "track_id": 1,
            "class": "car",
            "xyxy": [10, 20, 50, 50],
            "velocity": [25, 0],
            "score": 0.9,
            "confidence": None,
            "quality": None,
            "observed": True,
        }
    ]
    assert empty == {
        "frame_index": 1,
        "time_s": 0.04,
        "clock_time": "2024-05-01T08:30:00.040Z",
        "look": None,
        "tracks": [],
        "events": [],
    }
    assert [track["track_id"] for track in last["tracks"]] == [1]
    assert last["tracks"][0]["confidence"] == 0.75


def test_numbers_are_rounded_as_python_rounds_them(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).uniform(-2000, 2000, 1000).astype(np.float32)
    numbers[:100] = np.arange(100) / 8  # halves of the last digit among them
    rows = [{"score": number, "velocity": (number, -number)} for number in numbers]
    tell(FramesJsonl(tmp_path / "t.jsonl", INFO, CLASSES), [result(0, *rows)])
    told = read(tmp_path / "t.jsonl")[0]["tracks"]
    assert [track["score"] for track in told] == [round(one, 4) for one in numbers.tolist()]
    assert [track["velocity"] for track in told] == [
        [round(one, 2), round(-one, 2)] for one in numbers.tolist()
    ]


def test_a_look_at_regions_says_where(tmp_path: Path) -> None:
    regions = np.array([(1.5, 2, 30, 40)], np.float32)
    shot = result(5, **looked(LookReason.LOW_CONFIDENCE, count=3, regions=regions))
    tell(FramesJsonl(tmp_path / "t.jsonl", UNDATED, CLASSES), [shot])
    (frame,) = read(tmp_path / "t.jsonl")
    assert frame["look"] == {
        "reason": "low confidence",
        "frame_index": 0,  # a camera's answer comes late
        "regions": [[1.5, 2, 30, 40]],
        "detections": 3,
    }
    assert frame["clock_time"] is None


def test_what_ends_with_the_source_stands_with_its_last_frame(tmp_path: Path) -> None:
    ends = [event(EventKind.ENDED, 1), event(EventKind.MERGED, 2, class_id=1, into=1)]
    tell(FramesJsonl(tmp_path / "t.jsonl", INFO, CLASSES), story(), ends)
    frames = read(tmp_path / "t.jsonl")
    assert [len(frame["events"]) for frame in frames] == [1, 0, 2]
    ended, merged = frames[-1]["events"]
    assert (ended["kind"], ended["track_id"], ended["class"]) == ("ended", 1, "car")
    assert ended["life"]["path_length_px"] == 12.3
    assert (merged["kind"], merged["into_track_id"], merged["class"]) == ("merged", 1, "bus")


def test_a_run_that_breaks_keeps_the_frame_it_had(tmp_path: Path) -> None:
    def break_after_a_frame() -> None:
        with FramesJsonl(tmp_path / "t.jsonl", INFO, CLASSES) as sink:
            sink.write(result(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_after_a_frame()
    assert [frame["frame_index"] for frame in read(tmp_path / "t.jsonl")] == [0]
