from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.config import DetectorSettings, TrackSettings
from acme_tracker.datasets import open_sequences
from acme_tracker.datatypes import Detections
from acme_tracker.errors import ConfigError, DatasetError
from acme_tracker.evaluation.run_outputs import write_run
from acme_tracker.evaluation.running import evaluate_setups, undominated
from acme_tracker.evaluation.setups import Oracle, Setup, with_oracles
from acme_tracker.interfaces import Detector
from tests.evaluation.gliding import write_gliding
from tests.fakes import ScriptedDetector

FRAMES = 20


def setup(every: int | None = 1, **settings: object) -> Setup:
    """Settings of other groups as `source__start_s=1`."""
    words = {name.replace("__", "."): value for name, value in settings.items()}
    fixed = {"redetection.every_frames": every, "visual_tracker.name": "kalman"}
    return Setup(TrackSettings.load(overrides={**fixed, **words}))


class Openers:
    """Opens detectors that see only the first of two objects, and remembers them."""

    def __init__(self, folder: Path) -> None:
        (sequence,) = open_sequences(folder)
        first = sequence.rows[sequence.rows.track_id == 1]
        self.answers = [Detections.of([box], [0.9], [0]) for box in first.xyxy]
        self.opened: list[ScriptedDetector] = []

    def __call__(self, settings: DetectorSettings) -> Detector:
        # The first call, which warms up, is not about the frame.
        self.opened.append(ScriptedDetector([self.answers[0], *self.answers], ("car",)))
        return self.opened[-1]


@pytest.fixture
def glide(tmp_path: Path) -> Path:
    return write_gliding(tmp_path / "glide", FRAMES)


def test_a_detector_that_sees_half_of_the_objects_finds_half(glide: Path) -> None:
    (report,) = evaluate_setups(open_sequences(glide), [setup()], Openers(glide))
    assert report.total["HOTA"] == pytest.approx(100 * math.sqrt(0.5), abs=0.5)
    assert report.total["AssA"] == pytest.approx(100, abs=0.5)
    assert report.total["FN"] == FRAMES
    assert report.by_sequence["glide"]["HOTA"] == report.total["HOTA"]
    by_class = report.scores.total.by_class
    assert by_class["car"].figures()["HOTA"] == pytest.approx(100, abs=0.5)
    assert by_class["bus"].figures()["HOTA"] == 0


def test_costs_are_counted_for_each_way(glide: Path) -> None:
    openers = Openers(glide)
    often, seldom = evaluate_setups(open_sequences(glide), [setup(1), setup(5)], openers)
    assert often.total["looks_per_frame"] == 1
    assert seldom.total["looks_per_frame"] == 1 / 5
    assert all(r.total["cpu_ms_per_frame"] > 0 for r in (often, seldom))
    assert all(r.total["frames_per_s"] > 0 for r in (often, seldom))
    # One detector serves both; the two calls that warm it up are not charged.
    assert [detector.calls for detector in openers.opened] == [2 + FRAMES + FRAMES // 5]


def test_detectors_that_watch_their_scene_are_not_shared(glide: Path) -> None:
    opened = []

    class Watching(ScriptedDetector):
        frames = 0

        def watch(self, frame: object) -> None:
            self.frames += 1

        def forget(self) -> None: ...

    def open_watching(settings: DetectorSettings) -> Watching:
        opened.append(Watching([Detections.empty()]))
        return opened[-1]

    evaluate_setups(open_sequences(glide), [setup(1), setup(5)], open_watching)
    assert sorted(detector.frames for detector in opened) == [0, FRAMES, FRAMES]


def test_oracles_mend_one_part_each(glide: Path) -> None:
    ways = with_oracles([setup(1), setup(5)])
    reports = evaluate_setups(open_sequences(glide), ways, Openers(glide))
    assert [report.setup.oracle for report in reports] == [
        *[Oracle.NONE] * 2,
        *[Oracle.BOXES] * 2,
        *[Oracle.IDS] * 2,
    ]
    plain, _, boxes, _, ids, _ = reports
    assert boxes.total["HOTA"] == pytest.approx(100, abs=0.5)
    assert ids.total["FN"] == plain.total["FN"]
    assert ids.total["AssA"] == pytest.approx(100, abs=0.5)
    assert math.isnan(boxes.total["cpu_ms_per_frame"])
    assert math.isnan(ids.total["looks_per_frame"])
    assert not any(report.undominated for report in reports[2:])


def test_truth_boxes_stand_for_every_detector_once() -> None:
    ways = [setup(1), setup(1, detector__name="other"), setup(5)]
    oracles = [way.oracle for way in with_oracles(ways)]
    assert oracles.count(Oracle.BOXES) == 2
    assert oracles.count(Oracle.IDS) == 3


def test_a_part_of_a_sequence_is_scored_against_the_truth_of_that_part(glide: Path) -> None:
    part = setup(source__start_s=0.2, source__duration_s=0.39)
    (report,) = evaluate_setups(open_sequences(glide), [part], Openers(glide))
    assert report.total["truth_boxes"] == 2 * 10
    assert sum(cost.frames for cost in report.costs.values()) == 10


def test_classes_are_renamed_on_both_sides(glide: Path) -> None:
    sequences, openers = open_sequences(glide), Openers(glide)
    told = evaluate_setups(sequences, [setup()], openers, {"bus": "vehicle", "car": "vehicle"})
    assert list(told[0].scores.total.by_class) == ["vehicle"]


def test_what_cannot_work_is_refused_before_anything_runs(glide: Path, tmp_path: Path) -> None:
    sequences, openers = open_sequences(glide), Openers(glide)
    with pytest.raises(ConfigError, match="--map: unknown class 'lorry'"):
        evaluate_setups(sequences, [setup()], openers, {"lorry": "truck"})
    with pytest.raises(DatasetError, match="two sequences are called glide"):
        evaluate_setups(sequences * 2, [setup()], openers)
    without = [replace(sequences[0], path=None)]
    with pytest.raises(DatasetError, match="glide: has labels, but neither a video nor pictures"):
        evaluate_setups(without, [setup()], openers)
    twice = replace(sequences[0].rows, track_id=np.ones(2 * FRAMES, np.int64))
    with pytest.raises(DatasetError, match="glide: a track has at most one box on a frame"):
        evaluate_setups([replace(sequences[0], rows=twice)], [setup()], openers)


def test_progress_is_told_frame_by_frame(glide: Path) -> None:
    told: list[int] = []
    evaluate_setups(open_sequences(glide), [setup()], Openers(glide), advance=told.append)
    assert sum(told) == FRAMES


def test_the_front_is_what_nothing_beats_in_both_ways() -> None:
    cost = np.array([1.0, 2, 2, 3, 4, 1])
    value = np.array([10.0, 30, 20, 30, 40, 10])
    #   the cheapest twice, the better of equal cost, the cheaper of equal worth, the best
    assert undominated(cost, value).tolist() == [True, True, False, False, True, True]
    assert undominated(np.empty(0), np.empty(0)).tolist() == []


def test_results_are_a_table_and_a_picture(glide: Path, tmp_path: Path) -> None:
    ways = with_oracles([setup(1), setup(None)])
    reports = evaluate_setups(open_sequences(glide), ways, Openers(glide))
    table, picture = write_run(reports, tmp_path)
    with table.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["sequence"] for row in rows] == ["glide", "total"] * 6
    assert rows[1]["every"] == "1"
    assert rows[3]["every"] == "policy"
    assert float(rows[1]["HOTA"]) == pytest.approx(reports[0].total["HOTA"], abs=1e-3)
    assert rows[5]["oracle"] == "truth boxes"
    assert rows[5]["cpu_ms_per_frame"] == ""
    assert "1" in {row["undominated"] for row in rows[1:4:2]}
    assert picture.read_bytes().startswith(b"\x89PNG")
