from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from acme_tracker.config import DetectorSettings
from acme_tracker.datasets import open_dataset
from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.detection.registry import open_detector
from acme_tracker.errors import AcmeTrackerError, ConfigError, DatasetError, OutputError
from acme_tracker.evaluation.detection import LEAST_SCORE, evaluate_detector, join_classes
from acme_tracker.evaluation.detection_pictures import write_pictures
from acme_tracker.metrics.average_precision import IOUS
from tests.evaluation.scenes import ByHeart, answers, write_yolo
from tests.fakes import ScriptedDetector
from tests.metrics.brute_force import brute_force

SHARED = Path(__file__).parents[3] / "shared"


def test_a_detector_that_knows_the_truth_is_perfect(tmp_path: Path) -> None:
    report = evaluate_detector(ByHeart(answers()), open_dataset(write_yolo(tmp_path)), 0.5)
    figures = report.figures()
    assert figures["AP"] == pytest.approx(100)
    assert (figures["precision"], figures["recall"]) == (100, 100)
    assert report.figures(0)["truth_boxes"] == 2
    assert report.ms_per_image > 0


def test_misses_and_false_boxes_are_counted_at_the_working_score(tmp_path: Path) -> None:
    detector = ByHeart(answers(extra=[(1, 5, 5, 60, 60)], missing=1))
    report = evaluate_detector(detector, open_dataset(write_yolo(tmp_path)), 0.5)
    assert report.figures(0)["recall"] == 50
    assert report.figures(1)["precision"] == 50
    assert report.working_point.confusion.tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_another_detector_can_stand_for_the_time_alone(tmp_path: Path) -> None:
    blind = ScriptedDetector([Detections.empty()], ("car", "bus"))
    seeing = ScriptedDetector(answers(), ("car", "bus"))
    report = evaluate_detector(seeing, open_dataset(write_yolo(tmp_path)), 0.5, timed=blind)
    assert report.figures()["AP"] == pytest.approx(100)
    assert (seeing.calls, blind.calls) == (3, 1 + 3)  # the first time warms up
    assert report.ms_per_image > 0


def test_the_report_goes_through_json_with_null_for_what_cannot_be_said(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path, ("car", "bus", "truck")))
    report = evaluate_detector(ByHeart(answers(), ("car", "bus", "truck")), data, 0.5)
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["by_class"]["truck"]["AP"] is None
    assert told["by_class"]["car"]["AP"] == pytest.approx(100)
    assert told["confusion"]["classes"] == ["car", "bus", "truck", "background"]


def test_classes_are_brought_together_by_name_not_by_number(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path, ("bus", "car")))
    joined = join_classes(data, ClassList(("person", "car", "bus")), {})
    assert joined.new_id.tolist() == [-1, 1, 0]
    assert joined.unknown == ("person",)


def test_found_cars_are_vehicles_where_the_labels_say_no_more(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path, ("vehicle", "person")))
    joined = join_classes(data, ClassList(("car", "bus", "bicycle")), {})
    assert joined.new_id.tolist() == [0, 0, -1]
    assert (joined.left_out, joined.unknown) == (("person",), ("bicycle",))
    assert joined.data.classes.names == ("vehicle",)


def test_a_map_merges_classes_on_both_sides(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path))
    joined = join_classes(data, ClassList(("bus", "car")), {"car": "vehicle", "bus": "vehicle"})
    assert joined.data.classes.names == ("vehicle",)
    assert joined.new_id.tolist() == [0, 0]


def test_nothing_in_common_and_unknown_names_are_errors_that_help(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path))
    with pytest.raises(DatasetError, match=r"no class in common: .* car, bus; .* finds vehicle"):
        join_classes(data, ClassList(("vehicle",)), {})
    with pytest.raises(ConfigError, match="--map: unknown class 'cra'; did you mean 'car'"):
        join_classes(data, ClassList(("car",)), {"cra": "vehicle"})


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path))
    (tmp_path / "images" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"1\.png"):
        evaluate_detector(ByHeart(answers()), data, 0.5)


def test_an_empty_data_set_is_an_error(tmp_path: Path) -> None:
    data = open_dataset(write_yolo(tmp_path)).subset([])
    with pytest.raises(DatasetError, match="no images"):
        evaluate_detector(ByHeart(answers()), data, 0.5)


def test_the_pictures_are_written_and_show_every_kind_of_box(tmp_path: Path) -> None:
    detector = ByHeart(answers(extra=[(1, 5, 5, 60, 60)], missing=1))
    report = evaluate_detector(detector, open_dataset(write_yolo(tmp_path / "data")), 0.5)
    paths = write_pictures(report, tmp_path / "out")
    assert [path.name for path in paths] == ["precision_recall.png", "confusion.png", "worst.png"]
    sheet = cv2.imread(str(paths[2]))
    assert sheet is not None
    for colour in ((90, 200, 90), (40, 40, 235), (0, 215, 255)):
        assert (sheet == colour).all(axis=2).sum() > 50, colour
    for path in paths[:2]:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert np.ptp(picture) > 200


def test_pictures_of_a_faultless_run_say_so(tmp_path: Path) -> None:
    report = evaluate_detector(ByHeart(answers()), open_dataset(write_yolo(tmp_path)), 0.5)
    assert all(path.stat().st_size for path in write_pictures(report, tmp_path / "out"))


def test_pictures_that_cannot_be_written_are_an_output_error(tmp_path: Path) -> None:
    report = evaluate_detector(ByHeart(answers()), open_dataset(write_yolo(tmp_path)), 0.5)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write pictures"):
        write_pictures(report, tmp_path / "file")


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not there")
def test_real_detections_score_as_the_brute_force_implementation_says() -> None:
    data = open_dataset(SHARED / "data" / "detection_vehicle_only")
    settings = DetectorSettings(name="person-vehicle-bike-2004", score=LEAST_SCORE)
    try:
        detector = open_detector(settings)
    except AcmeTrackerError as error:
        pytest.skip(str(error))
    report = evaluate_detector(detector, data.subset(range(0, len(data), 12)), 0.25)
    truths = list(report.data)
    theirs = [brute_force(truths, report.found, 0, iou, "all") for iou in IOUS]
    assert report.figures()["AP50"] == pytest.approx(100 * theirs[0], abs=0.1)
    assert report.figures()["AP"] == pytest.approx(100 * np.mean(theirs), abs=0.1)
    assert report.figures()["AP50"] > 60
