"""The hand-made labels of benchmarks/road_labels, and the script that measures on them."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from acme_tracker.datasets import REGION, DetectionDataset, open_dataset
from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.errors import DatasetError

FOLDER = Path(__file__).parents[1] / "benchmarks"
FILES = sorted((FOLDER / "road_labels").glob("*.json"))
IDS = [file.stem for file in FILES]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("road_labels")


@pytest.fixture(params=FILES, ids=IDS)
def data(request: pytest.FixtureRequest, tmp_path: Path) -> DetectionDataset:
    """The labels of one clip beside black frames."""
    content = json.loads(request.param.read_text(encoding="utf-8"))
    for image in content["images"]:
        black = np.zeros((image["height"], image["width"], 3), np.uint8)
        cv2.imwrite(str(tmp_path / image["file_name"]), black)
    (tmp_path / request.param.name).write_text(json.dumps(content), encoding="utf-8")
    return open_dataset(tmp_path)


def test_every_label_lies_within_its_frame(data: DetectionDataset) -> None:
    assert not data.problems
    limits = data.sizes[data.boxes.image]
    assert (data.boxes.xyxy[:, :2] >= 0).all()
    assert (data.boxes.xyxy[:, 2:] <= limits + 0.11).all()


def test_a_rider_found_as_a_person_is_passed_over(data: DetectionDataset) -> None:
    bikes = [data.classes.id_of(name) for name in ("bicycle", "motorcycle")]
    person = data.classes.id_of("person")
    for image in data:
        ignored = image.xyxy[image.ignore & (image.class_id == person)].tolist()
        ridden = image.xyxy[~image.ignore & np.isin(image.class_id, bikes)].tolist()
        pushed = sum(box not in ignored for box in ridden)
        assert pushed <= 3


def test_regions_hold_no_box_that_counts(data: DetectionDataset) -> None:
    for image in data:
        regions = image.xyxy[image.class_id == REGION]
        for box in image.xyxy[~image.ignore & (image.class_id != REGION)]:
            low, high = np.maximum(box[:2], regions[:, :2]), np.minimum(box[2:], regions[:, 2:])
            covered = np.maximum(high - low, 0).prod(1) / (box[2:] - box[:2]).prod()
            assert (covered < 0.75).all()


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_another_clip_than_was_labelled_is_refused(script: Any, file: Path, tmp_path: Path) -> None:
    info = json.loads(file.read_text(encoding="utf-8"))["info"]
    with pytest.raises(DatasetError, match="found none"):
        script.checked_clip(tmp_path, info)
    (tmp_path / info["clip"]).write_bytes(b"another")
    with pytest.raises(DatasetError, match="another clip"):
        script.checked_clip(tmp_path, info)


def test_a_bicycle_is_widened_to_its_rider_and_the_rider_stays(script: Any) -> None:
    found = Detections.of([(10, 40, 50, 80), (15, 5, 45, 70)], (0.9, 0.8), (1, 0))
    joined = script.ridden(found, ClassList(("person", "bicycle")))
    assert joined.xyxy.tolist() == [[10, 5, 50, 80], [15, 5, 45, 70]]
